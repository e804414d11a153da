<?php
// PHP's own functions, and the phpass class that WordPress ships: originals.php PHPASS OURS THEIRS
require $argv[1];
$ours = [];
foreach (file($argv[2]) as $line) {
    $line = json_decode($line, true);
    $ours[$line['scheme']] = $line;
}
$problems = [];
$verified = 0;
$portable = new PasswordHash(8, true);

// One of our values, under what the application does to the password first.
function ours(string $scheme, callable $verify): void
{
    global $ours, $problems, $verified;
    ['hash' => $hash, 'password' => $password] = $ours[$scheme];
    if ($verify($password, $hash, $ours[$scheme]) !== true || $verify("x$password", $hash, $ours[$scheme]) === true) {
        $problems[] = "$scheme $hash";
    }
    $verified++;
}

function theirs(string $scheme, string $hash): void
{
    global $ours, $argv;
    $line = ['scheme' => $scheme, 'hash' => $hash, 'password' => $ours[$scheme]['password']];
    file_put_contents($argv[3], json_encode($line, JSON_UNESCAPED_UNICODE) . "\n", FILE_APPEND);
}

$before = [
    'php:bcrypt' => fn ($p) => $p,
    'laravel:bcrypt' => fn ($p) => $p,
    'php:argon2id' => fn ($p) => $p,
    'laravel:argon2id' => fn ($p) => $p,
    'symfony:native-bcrypt' => fn ($p) => $p,
    'xenforo:bcrypt' => fn ($p) => $p,
    'phpbb:htmlspecialchars-bcrypt' => fn ($p) => htmlspecialchars($p, ENT_COMPAT),
    'smf21:bcrypt' => fn ($p, $line) => strtolower($line['user']) . $p,
    'vbulletin5:bcrypt-md5' => fn ($p) => md5($p),
    'sugarcrm' => fn ($p) => md5($p),
    'matomo' => fn ($p) => md5($p),
    'typo3:bcrypt-sha384' => fn ($p) => base64_encode(hash('sha384', $p, true)),
    'codeigniter-shield' => fn ($p) => base64_encode(hash('sha384', $p, true)),
    'laminas:bcrypt-sha' => fn ($p) => hash('sha256', $p),
    'bcrypt:md5hex' => fn ($p) => md5($p),
    'bcrypt:sha512hex' => fn ($p) => hash('sha512', $p),
];
foreach ($before as $scheme => $prepare) {
    ours($scheme, fn ($p, $hash, $line) => password_verify($prepare($p, $line), $hash));
}
theirs('php:bcrypt', password_hash($ours['php:bcrypt']['password'], PASSWORD_BCRYPT));
theirs('php:argon2id', password_hash($ours['php:argon2id']['password'], PASSWORD_ARGON2ID));
// As the functions of WordPress 6.8 do it.
$wordpress = fn ($p) => base64_encode(hash_hmac('sha384', trim($p), 'wp-sha384', true));
ours('wordpress:wp2y', fn ($p, $hash) => password_verify($wordpress($p), substr($hash, 3)));
theirs('wordpress:wp2y', '$wp' . password_hash($wordpress($ours['wordpress:wp2y']['password']), PASSWORD_BCRYPT));
foreach (['phpass', 'wordpress:phpass', 'phpbb:phpass', 'typo3:phpass'] as $scheme) {
    ours($scheme, fn ($p, $hash) => $portable->CheckPassword($p, $hash));
}
theirs('phpass', $portable->HashPassword($ours['phpass']['password']));
// ProcessWire keeps a crypt() string in two columns.
ours('processwire:bcrypt-split', function ($p, $hash, $line) {
    $whole = $line['salt'] . $hash;
    return hash_equals($whole, crypt($p . $line['key'], $line['salt']));
});
ours('joomla:md5', fn ($p, $hash) => explode(':', $hash)[0] === md5($p . explode(':', $hash)[1]));
ours('oscommerce', fn ($p, $hash) => explode(':', $hash)[0] === md5(explode(':', $hash)[1] . $p));
ours('vbulletin3', fn ($p, $hash, $line) => $hash === md5(md5($p) . $line['salt']));
ours('mybb', fn ($p, $hash, $line) => $hash === md5(md5($line['salt']) . md5($p)));
ours('smf1:sha1', fn ($p, $hash, $line) => $hash === sha1(strtolower($line['user']) . $p));
ours('magento2:argon2id13', function ($p, $hash) {
    [$digest, $salt] = explode(':', $hash);
    return $digest === bin2hex(sodium_crypto_pwhash(32, $p, substr($salt, 0, 16), 2, 67108864, SODIUM_CRYPTO_PWHASH_ALG_ARGON2ID13));
});
echo '== password writers: PHP and phpass verified ', $verified - count($problems), " of our schemes\n";
if ($problems) {
    fwrite(STDERR, implode("\n", $problems) . "\n");
    exit(1);
}
