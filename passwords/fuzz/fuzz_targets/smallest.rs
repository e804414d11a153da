//! The smallest limits, so that a verification is short and whatever goes past them shows as slow.

use idstore_passwords::Limits;

pub const LIMITS: Limits = Limits {
    bcrypt_cost_max: 4,
    pbkdf2_rounds_max: 10,
    argon2_memory_max_kib: 64,
    argon2_passes_max: 1,
    argon2_lanes_max: 4,
    digest_rounds_max: 10,
    sha_crypt_rounds_max: 1000,
    phpass_log2_rounds_max: 7,
    des_rounds_max: 25,
    yescrypt_memory_max_kib: 64,
    scrypt_log2_n_max: 4,
    scrypt_block_size_max: 8,
    scrypt_memory_max_kib: 64,
    scrypt_parallelism_max: 2,
};
