//! AES key wrap (RFC 3394), as the clients wrap content keys.

use aws_lc_rs::cipher::{AES_192, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use zeroize::Zeroizing;

use crate::Error;
use crate::primitive::equal;

/// What stands before an unwrapped key.
const CHECK: [u8; 8] = [0xa6; 8];
/// How often every half block is turned.
const ROUNDS: usize = 6;

/// Wraps a key with one of 16, 24 or 32 bytes.
pub fn aes_wrap(wrapping: &[u8], key: &[u8]) -> Result<Vec<u8>, Error> {
    if wrapping.len() == 24 {
        return wrap_192(wrapping, key).ok_or(Error::Cipher);
    }
    let mut out = vec![0; key.len() + CHECK.len()];
    let len = kek(wrapping)?.wrap(key, &mut out).map_err(|_| Error::Cipher)?.len();
    out.truncate(len);
    Ok(out)
}

/// Undoes [`aes_wrap`].
pub fn aes_unwrap(wrapping: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if wrapping.len() == 24 {
        return unwrap_192(wrapping, wrapped).ok_or(Error::Unwrap);
    }
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let len = kek(wrapping)?.unwrap(wrapped, &mut out).map_err(|_| Error::Unwrap)?.len();
    out.truncate(len);
    Ok(out)
}

fn kek(wrapping: &[u8]) -> Result<AesKek, Error> {
    let cipher = if wrapping.len() == 16 { &AES_128 } else { &AES_256 };
    AesKek::new(cipher, wrapping).map_err(|_| Error::Unwrap)
}

/// With the key length that the cipher library has no key wrap for.
fn wrap_192(wrapping: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let cipher = EncryptingKey::ecb(UnboundCipherKey::new(&AES_192, wrapping).ok()?).ok()?;
    let (mut check, mut halves) = (CHECK, halves(key)?);
    let last = halves.len();
    for round in 0..ROUNDS {
        for (at, half) in halves.iter_mut().enumerate() {
            let mut block = Zeroizing::new([check, *half].concat());
            cipher.encrypt(&mut block).ok()?;
            let (first, second) = (block.first_chunk()?, block.last_chunk()?);
            (check, *half) = (counted(*first, round * last + at + 1), *second);
        }
    }
    Some([&check, halves.concat().as_slice()].concat())
}

fn unwrap_192(wrapping: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = DecryptingKey::ecb(UnboundCipherKey::new(&AES_192, wrapping).ok()?).ok()?;
    let (check, key) = wrapped.split_first_chunk()?;
    let (mut check, mut halves) = (*check, halves(key)?);
    let last = halves.len();
    for round in (0..ROUNDS).rev() {
        for (at, half) in halves.iter_mut().enumerate().rev() {
            let mut block = Zeroizing::new([counted(check, round * last + at + 1), *half].concat());
            cipher.decrypt(&mut block, DecryptionContext::None).ok()?;
            (check, *half) = (*block.first_chunk()?, *block.last_chunk()?);
        }
    }
    equal(&check, &CHECK).then(|| Zeroizing::new(halves.concat()))
}

/// The half blocks of a key; at least two, as the standard has it.
fn halves(key: &[u8]) -> Option<Zeroizing<Vec<[u8; 8]>>> {
    let (halves, rest) = key.as_chunks::<8>();
    (rest.is_empty() && halves.len() >= 2).then(|| Zeroizing::new(halves.to_vec()))
}

fn counted(check: [u8; 8], step: usize) -> [u8; 8] {
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    (u64::from_be_bytes(check) ^ step).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::{aes_unwrap, aes_wrap};

    /// RFC 3394, sections 4.1, 4.2, 4.3, and 4.5: a key of 128 bits, and one of 192.
    #[test]
    fn keys_are_wrapped_as_the_standard_has_it() {
        let bytes = |text: &str| -> Vec<u8> {
            let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            (0..text.len()).step_by(2).map(pair).collect()
        };
        let kek: Vec<u8> = (0..32).collect();
        let key = bytes("00112233445566778899aabbccddeeff");
        for (len, expected) in [
            (16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (24, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (32, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
        ] {
            let kek = &kek[..len];
            assert_eq!(aes_wrap(kek, &key).unwrap(), bytes(expected));
            assert_eq!(*aes_unwrap(kek, &bytes(expected)).unwrap(), key);
            for at in 0..24 {
                let mut changed = bytes(expected);
                changed[at] ^= 1;
                assert!(aes_unwrap(kek, &changed).is_err());
            }
            for short in [&[][..], &[0; 8], &[0; 16], &[0; 23]] {
                assert!(aes_unwrap(kek, short).is_err());
            }
        }
        let long: Vec<u8> = (0..32).collect();
        assert_eq!(*aes_unwrap(&kek[..24], &aes_wrap(&kek[..24], &long).unwrap()).unwrap(), long);
    }
}
