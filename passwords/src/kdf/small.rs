//! The small digests of databases and protocols, none of which costs anything. Functions of expressions.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "kernels over blocks of fixed length; the arithmetic is modulo a word and is written wrapping"
)]

use super::Algorithm;
use super::des_crypt::des;
use super::digest::MD5_INITIAL;

/// MySQL's digest before 4.1, `OLD_PASSWORD()`. Blanks and tabs are skipped.
pub(crate) fn mysql323(password: &[u8]) -> Vec<u8> {
    let (mut one, mut two, mut add) = (0x5030_5735_u32, 0x1234_5671_u32, 7_u32);
    for byte in password.iter().filter(|byte| !matches!(byte, b' ' | b'\t')) {
        let byte = u32::from(*byte);
        one ^= (one & 63).wrapping_add(add).wrapping_mul(byte).wrapping_add(one << 8);
        two = two.wrapping_add(two << 8 ^ one);
        add = add.wrapping_add(byte);
    }
    [one, two].iter().flat_map(|half| (half & 0x7fff_ffff).to_be_bytes()).collect()
}

/// LAN Manager: two blocks of DES, each keyed with seven bytes. The caller has put it into upper case.
pub(crate) fn lm(password: &[u8]) -> Vec<u8> {
    let bytes: Vec<u8> = password.iter().copied().chain([0; 14]).take(14).collect();
    let block = u64::from_be_bytes(*b"KGS!@#$%");
    bytes
        .chunks(7)
        .flat_map(|half| {
            let key = half.iter().fold(0_u64, |key, byte| key << 8 | u64::from(*byte));
            // Seven bits to a byte; the eighth is parity, which DES does not look at.
            let spread =
                (0..8).fold(0_u64, |spread, place| spread << 8 | (key >> (49 - 7 * place) & 0x7f) << 1);
            des(block, spread).to_be_bytes()
        })
        .collect()
}

/// Oracle's digest before 11g: DES in CBC over name and password in UTF-16, twice, the first time with a known key.
pub(crate) fn oracle10(name_and_password: &[u8]) -> Vec<u8> {
    let chain = |key: u64| {
        name_and_password.chunks(8).fold(0_u64, |last, chunk| {
            let block =
                chunk.iter().chain(&[0; 8]).take(8).fold(0_u64, |block, byte| block << 8 | u64::from(*byte));
            des(block ^ last, key)
        })
    };
    chain(chain(0x0123_4567_89ab_cdef)).to_be_bytes().to_vec()
}

/// The two states of HMAC-MD5 after its key: what CRAM-MD5 needs to be stored.
pub(crate) fn cram_md5(password: &[u8]) -> Vec<u8> {
    let short =
        if password.len() > 64 { Algorithm::Md5.hash(&[password]).to_vec() } else { password.to_vec() };
    let mut key = [0; 64];
    super::copy(&short, &mut key);
    [0x5c, 0x36]
        .into_iter()
        .flat_map(|pad| {
            let mut state = MD5_INITIAL;
            md5::block_api::compress(&mut state, &[key.map(|byte: u8| byte ^ pad)]);
            state.into_iter().flat_map(u32::to_le_bytes)
        })
        .collect()
}
