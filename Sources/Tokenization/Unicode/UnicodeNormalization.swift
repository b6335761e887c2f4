import CUTF8Proc

/// The four normalization forms (Unicode Standard Annex 15) of UTF-8.
///
/// utf8proc normalizes the stretches that are selected here. Hugging Face's library has tables of
/// Unicode 9, so newer characters are left unchanged and do not combine; otherwise ids would
/// differ.
enum UnicodeNormalization: Sendable {
    case nfc, nfd, nfkc, nfkd

    private var options: utf8proc_option_t {
        let form =
            switch self {
            case .nfc: UTF8PROC_COMPOSE.rawValue
            case .nfd: UTF8PROC_DECOMPOSE.rawValue
            case .nfkc: UTF8PROC_COMPOSE.rawValue | UTF8PROC_COMPAT.rawValue
            case .nfkd: UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue
            }
        return utf8proc_option_t(rawValue: UTF8PROC_STABLE.rawValue | form)
    }

    /// Replaces `bytes`, which must be well-formed, by its normal form.
    ///
    /// ASCII is unchanged by all four. So is most other text by NFC, the most common: only
    /// stretches that start before a scalar that is not inert are normalized.
    func apply(to bytes: inout [UInt8], classes: ScalarClasses) {
        if bytes.allSatisfy({ $0 < 0x80 }) { return }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 16)
        var buffer: [Int32] = []
        bytes.withUnsafeBufferPointer { text in
            // Everything before `copied` is in `out`; from `start` on, `inert` or not, is one stretch.
            var (copied, start, inert) = (0, 0, true)
            func close(_ end: Int) {
                if inert { return }
                out.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
                normalize(UnsafeBufferPointer(rebasing: text[start..<end]), &buffer, &out)
                copied = end
            }
            UTF8Text.forEachScalar(in: text) { scalar, place in
                let properties = scalar < 0x80 ? 0 : classes.properties(scalar)
                if scalar < 0x80 || self == .nfc && properties & ScalarClasses.inertNFC != 0 {
                    close(place.lowerBound)
                    (start, inert) = (place.lowerBound, true)
                } else if properties & ScalarClasses.isNormalizable == 0 {
                    close(place.lowerBound)
                    (start, inert) = (place.upperBound, true)
                } else {
                    inert = false
                }
            }
            close(text.count)
            out.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
        }
        bytes = out
    }

    /// Appends the normal form of `text`. `buffer` is scratch.
    private func normalize(
        _ text: UnsafeBufferPointer<UInt8>, _ buffer: inout [Int32], _ out: inout [UInt8]
    ) {
        var count = 0
        repeat {
            if count > buffer.count { buffer = Array(repeating: 0, count: count * 2) }
            count = buffer.withUnsafeMutableBufferPointer {
                utf8proc_decompose(text.baseAddress, text.count, $0.baseAddress, $0.count, options)
            }
        } while count > buffer.count
        if self == .nfc || self == .nfkc, count > 0 {
            count = buffer.withUnsafeMutableBufferPointer {
                utf8proc_normalize_utf32($0.baseAddress, count, options)
            }
        }
        precondition(count >= 0, "the text is well-formed")
        for scalar in buffer.prefix(count) {
            UTF8Text.append(UInt32(bitPattern: scalar), to: &out)
        }
    }

    /// Whether Hugging Face's tables have the character. U+11A7, which precedes Hangul's finals but
    /// is not one, is its own form; utf8proc 2.8 drops it after a syllable.
    static func knows(_ scalar: Unicode.Scalar) -> Bool {
        ScalarClasses.isKnown(scalar.properties, to: 9) && scalar.value != 0x11A7
    }

    /// Whether the scalar is its own NFC and is not a mark that may be reordered.
    static func isOwnNFC(_ scalar: Unicode.Scalar) -> Bool {
        // Fast path: ideographs and Hangul syllables are the most common.
        switch scalar.value {
        case 0x3400...0x9FFF, 0xAC00...0xD7A3: return true
        default: break
        }
        guard knows(scalar) else { return true }
        guard utf8proc_get_property(Int32(scalar.value)).pointee.combining_class == 0 else {
            return false
        }
        var out: [UInt8] = []
        var buffer: [Int32] = []
        let bytes = Array(String(scalar).utf8)
        bytes.withUnsafeBufferPointer { UnicodeNormalization.nfc.normalize($0, &buffer, &out) }
        return out == bytes
    }
}
