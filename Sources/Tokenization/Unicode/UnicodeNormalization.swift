import Foundation

/// The four normalization forms, over UTF-8.
enum UnicodeNormalization: Sendable {
    case nfc, nfd, nfkc, nfkd

    func apply(to text: String) -> String {
        switch self {
        case .nfc: text.precomposedStringWithCanonicalMapping
        case .nfd: text.decomposedStringWithCanonicalMapping
        case .nfkc: text.precomposedStringWithCompatibilityMapping
        case .nfkd: text.decomposedStringWithCompatibilityMapping
        }
    }

    /// Replaces `bytes` by its normal form. ASCII is its own form under all four, and most of what
    /// is not ASCII is recognised scalar by scalar for the commonest form, NFC.
    func apply(to bytes: inout [UInt8], classes: ScalarClasses) {
        let unchanged = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            var at = 0
            while at < buffer.count {
                if base[at] < 0x80 {
                    at += 1
                    continue
                }
                guard self == .nfc else { return false }
                let (scalar, length) = UTF8Text.decode(base, at: at)
                if classes.properties(scalar) & ScalarClasses.inertNFC == 0 { return false }
                at += length
            }
            return true
        }
        if unchanged { return }
        bytes = Array(apply(to: String(decoding: bytes, as: UTF8.self)).utf8)
    }

    static func isOwnNFC(_ scalar: Unicode.Scalar) -> Bool {
        let text = String(scalar)
        return UnicodeNormalization.nfc.apply(to: text).utf8.elementsEqual(text.utf8)
    }
}
