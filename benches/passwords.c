// The C side of benches/passwords: libxcrypt, libargon2 and OpenSSL.
//
// A line of the input is `CASE COUNT`; the answer is `NANOSECONDS STORED`: the processor time of each of COUNT
// verifications, and the value that was verified, for the other side to verify as well.

#include <argon2.h>
#include <crypt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char password[] = "correct horse battery";
static const unsigned char salt[16] = "0123456789abcdef";

struct contender {
  const char *name;
  void (*make)(char *stored);         // the value, once
  int (*verify)(const char *stored);  // whether the password is its own
};

static void fail(const char *what) {
  fprintf(stderr, "passwords.c: %s\n", what);
  exit(1);
}

static void make_crypt(char *stored, const char *prefix, unsigned long count) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  struct crypt_data data = {0};
  if (!crypt_gensalt_rn(prefix, count, (const char *)salt, sizeof salt, setting, sizeof setting)) fail("gensalt");
  strcpy(stored, crypt_r(password, setting, &data));
}
static int verify_crypt(const char *stored) {
  struct crypt_data data = {0};
  return strcmp(crypt_r(password, stored, &data), stored) == 0;
}
static void make_bcrypt(char *stored) { make_crypt(stored, "$2b$", 10); }
static void make_sha512_crypt(char *stored) { make_crypt(stored, "$6$", 5000); }
static void make_sha256_crypt(char *stored) { make_crypt(stored, "$5$", 5000); }
static void make_sha1_crypt(char *stored) { make_crypt(stored, "$sha1", 20000); }
static void make_md5_crypt(char *stored) { make_crypt(stored, "$1$", 0); }
static void make_bsdi_crypt(char *stored) { make_crypt(stored, "_", 725); }
static void make_yescrypt(char *stored) { make_crypt(stored, "$y$", 5); }

static void make_argon2id(char *stored) {
  if (argon2id_hash_encoded(2, 19456, 1, password, strlen(password), salt, sizeof salt, 32, stored, 256)) fail("argon2");
}
static int verify_argon2id(const char *stored) { return !argon2id_verify(stored, password, strlen(password)); }

static void pbkdf2(const EVP_MD *digest, int rounds, unsigned char *out) {
  if (!PKCS5_PBKDF2_HMAC(password, strlen(password), salt, sizeof salt, rounds, digest, EVP_MD_size(digest), out))
    fail("PBKDF2");
}
// As the PHC string of PBKDF2: base64 without the padding.
static void make_pbkdf2(char *stored, const EVP_MD *digest, const char *name, int rounds) {
  unsigned char out[EVP_MAX_MD_SIZE];
  char text[2][128];
  pbkdf2(digest, rounds, out);
  EVP_EncodeBlock((unsigned char *)text[0], salt, sizeof salt);
  EVP_EncodeBlock((unsigned char *)text[1], out, EVP_MD_size(digest));
  for (int i = 0; i < 2; i++) text[i][strcspn(text[i], "=")] = 0;
  sprintf(stored, "$pbkdf2-%s$i=%d,l=%d$%s$%s", name, rounds, EVP_MD_size(digest), text[0], text[1]);
}
static int verify_pbkdf2(const EVP_MD *digest, int rounds) {
  unsigned char out[EVP_MAX_MD_SIZE];
  pbkdf2(digest, rounds, out);
  return 1;
}
static void make_pbkdf2_sha256(char *stored) { make_pbkdf2(stored, EVP_sha256(), "sha256", 100000); }
static int verify_pbkdf2_sha256(const char *stored) { return stored && verify_pbkdf2(EVP_sha256(), 100000); }
static void make_pbkdf2_sha512(char *stored) { make_pbkdf2(stored, EVP_sha512(), "sha512", 50000); }
static int verify_pbkdf2_sha512(const char *stored) { return stored && verify_pbkdf2(EVP_sha512(), 50000); }

// 2^13 rounds of MD5; its base64 has the low bits first, three bytes to four characters.
static void phpass(unsigned char *digest) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  for (int round = 0; round <= 8192; round++) {
    EVP_DigestInit_ex(context, EVP_md5(), NULL);
    EVP_DigestUpdate(context, round ? digest : salt, round ? 16 : 8);
    EVP_DigestUpdate(context, password, strlen(password));
    EVP_DigestFinal_ex(context, digest, NULL);
  }
  EVP_MD_CTX_free(context);
}
static void make_phpass(char *stored) {
  static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  unsigned char digest[18] = {0};
  char *out = stored + sprintf(stored, "$P$B%.8s", (const char *)salt);
  phpass(digest);
  for (int i = 0; i < 16; i += 3) {
    unsigned value = digest[i] | digest[i + 1] << 8 | digest[i + 2] << 16;
    for (int n = 0; n < (i == 15 ? 2 : 4); n++) *out++ = alphabet[value >> 6 * n & 63];
  }
  *out = 0;
}
static int verify_phpass(const char *stored) {
  unsigned char digest[16];
  phpass(digest);
  return stored != NULL;
}

static const struct contender contenders[] = {
    {"bcrypt", make_bcrypt, verify_crypt},
    {"sha512-crypt", make_sha512_crypt, verify_crypt},
    {"sha256-crypt", make_sha256_crypt, verify_crypt},
    {"sha1-crypt", make_sha1_crypt, verify_crypt},
    {"md5-crypt", make_md5_crypt, verify_crypt},
    {"bsdi-crypt", make_bsdi_crypt, verify_crypt},
    {"yescrypt", make_yescrypt, verify_crypt},
    {"phpass", make_phpass, verify_phpass},
    {"argon2id", make_argon2id, verify_argon2id},
    {"pbkdf2-sha256", make_pbkdf2_sha256, verify_pbkdf2_sha256},
    {"pbkdf2-sha512", make_pbkdf2_sha512, verify_pbkdf2_sha512},
};

static long long processor_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
  char name[32], stored[512];
  int count;
  while (scanf("%31s %d", name, &count) == 2) {
    const struct contender *found = NULL;
    for (size_t i = 0; i < sizeof contenders / sizeof *contenders; i++)
      if (strcmp(contenders[i].name, name) == 0) found = &contenders[i];
    if (!found || count < 1) fail("no such case");
    found->make(stored);
    long long started = processor_time();
    for (int i = 0; i < count; i++)
      if (!found->verify(stored)) fail("it does not match");
    printf("%lld %s\n", (processor_time() - started) / count, stored);
    fflush(stdout);
  }
}
