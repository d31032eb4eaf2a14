//! G.711 companding (ITU-T G.711, 1988): 16-bit PCM to 8 bits and back.

/// Added before µ-law takes the logarithm, so that every segment begins at a power of two.
const MU_LAW_BIAS: u16 = 132;
/// The largest magnitude that µ-law can tell apart.
const MU_LAW_CLIP: u16 = 32_635;
/// A-law inverts every other bit, so that silence has transitions.
const A_LAW_MASK: u8 = 0x55;

static MU_LAW: [i16; 256] = mu_law_table();
static A_LAW: [i16; 256] = a_law_table();

/// The sample that a µ-law byte stands for.
pub(crate) fn mu_law_decode(byte: u8) -> i16 {
    MU_LAW[usize::from(byte)]
}

/// The sample that an A-law byte stands for.
pub(crate) fn a_law_decode(byte: u8) -> i16 {
    A_LAW[usize::from(byte)]
}

/// The µ-law byte of a sample.
pub(crate) fn mu_law_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = sample.unsigned_abs().min(MU_LAW_CLIP) + MU_LAW_BIAS;
    let segment = 8 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) as u8 & 0x0f;
    !(sign | (segment as u8) << 4 | step)
}

/// The A-law byte of a sample.
pub(crate) fn a_law_encode(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0, !sample)
    } else {
        (0x80, sample)
    };
    let magnitude = magnitude as u16 >> 4;
    let code = if magnitude < 16 {
        magnitude as u8
    } else {
        let segment = 12 - magnitude.leading_zeros();
        (segment as u8) << 4 | ((magnitude >> (segment - 1)) as u8 & 0x0f)
    };
    (code | sign) ^ A_LAW_MASK
}

const fn mu_law_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = !(byte as u8);
        let segment = code >> 4 & 7;
        let biased = ((code & 0x0f) as i32 * 8 + MU_LAW_BIAS as i32) << segment;
        let magnitude = (biased - MU_LAW_BIAS as i32) as i16;
        table[byte] = if code & 0x80 == 0 {
            magnitude
        } else {
            -magnitude
        };
        byte += 1;
    }
    table
}

const fn a_law_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = byte as u8 ^ A_LAW_MASK;
        let segment = code >> 4 & 7;
        // The middle of the step.
        let step = ((code & 0x0f) as i16) * 16 + 8;
        let magnitude = if segment == 0 {
            step
        } else {
            (step + 256) << (segment - 1)
        };
        table[byte] = if code & 0x80 == 0 {
            -magnitude
        } else {
            magnitude
        };
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_end_points() {
        let mu_law = [
            (0xff, 0),
            (0x7f, 0),
            (0x00, -32_124),
            (0x80, 32_124),
            (0xfe, 8),
        ];
        assert!(
            mu_law
                .iter()
                .all(|(byte, sample)| mu_law_decode(*byte) == *sample)
        );
        let a_law = [
            (0xd5, 8),
            (0x55, -8),
            (0xaa, 32_256),
            (0x2a, -32_256),
            (0x80, 5_504),
        ];
        assert!(
            a_law
                .iter()
                .all(|(byte, sample)| a_law_decode(*byte) == *sample)
        );
        assert_eq!((mu_law_encode(0), a_law_encode(0)), (0xff, 0xd5));
        assert_eq!(
            (mu_law_encode(i16::MIN), a_law_encode(i16::MIN)),
            (0x00, 0x2a)
        );
        assert_eq!(
            (mu_law_encode(i16::MAX), a_law_encode(i16::MAX)),
            (0x80, 0xaa)
        );
    }

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=255 {
            assert_eq!(a_law_encode(a_law_decode(byte)), byte);
            // µ-law has two zeros; the negative one becomes the positive.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(mu_law_encode(mu_law_decode(byte)), expected);
        }
    }

    #[test]
    fn every_sample_is_near_what_it_becomes() {
        for sample in i16::MIN..=i16::MAX {
            // Steps grow with the magnitude: by G.711 at most a 1/32 of it, and clipping.
            let near = i32::from(sample.unsigned_abs()) / 30 + 16;
            for decoded in [
                mu_law_decode(mu_law_encode(sample)),
                a_law_decode(a_law_encode(sample)),
            ] {
                let difference = (i32::from(decoded) - i32::from(sample)).abs();
                assert!(difference <= near, "{sample} became {decoded}");
            }
        }
    }

    #[test]
    fn both_laws_are_monotone() {
        let is_monotone = |through: fn(i16) -> i16| {
            (i16::MIN..i16::MAX).all(|sample| through(sample) <= through(sample + 1))
        };
        assert!(is_monotone(|sample| mu_law_decode(mu_law_encode(sample))));
        assert!(is_monotone(|sample| a_law_decode(a_law_encode(sample))));
    }
}
