import JSON

/// Hugging Face's `BertNormalizer`: what BERT's first tokenizer did to a text.
struct BertNormalization: Sendable {
    /// Control characters out, white space to spaces.
    let cleansText: Bool
    /// Spaces around each ideograph, so that it is a word of its own.
    let separatesIdeographs: Bool
    /// Whether characters are decomposed and their nonspacing marks left out.
    let stripsAccents: Bool
    let lowercases: Bool

    /// The version of Unicode whose categories Hugging Face's library knows here.
    private static let version = 8

    init(_ json: JSONValue, in context: String) throws(TokenizerError) {
        cleansText = try json.bool("clean_text", default: true, in: context)
        separatesIdeographs = try json.bool("handle_chinese_chars", default: true, in: context)
        lowercases = try json.bool("lowercase", default: true, in: context)
        stripsAccents = try json.bool("strip_accents", default: lowercases, in: context)
    }

    /// - Parameter leading: as ``Normalizer/apply(to:leading:classes:)`` has it.
    func apply(to text: inout [UInt8], leading: inout Int, classes: ScalarClasses) {
        if cleansText || separatesIdeographs {
            Normalizer.mapScalars(&text, leading: &leading) { scalar, out in
                if cleansText, Self.isRemoved(scalar, classes) { return }
                let isSpaced = separatesIdeographs && Self.isIdeograph(scalar)
                if isSpaced { out.append(0x20) }
                if cleansText, classes.isWhiteSpace(scalar) {
                    out.append(0x20)
                } else {
                    UTF8Text.append(scalar, to: &out)
                }
                if isSpaced { out.append(0x20) }
            }
        }
        if stripsAccents, !text.allSatisfy({ $0 < 0x80 }) {
            Normalizer.form(.nfd).apply(to: &text, leading: &leading, classes: classes)
            Normalizer.mapScalars(&text, leading: &leading) { scalar, out in
                if !Self.isAccent(scalar, classes) { UTF8Text.append(scalar, to: &out) }
            }
        }
        if lowercases { Normalizer.lowercase.apply(to: &text, leading: &leading, classes: classes) }
    }

    /// Control, format and private characters, U+0000 and U+FFFD; not tabs and line ends.
    private static func isRemoved(_ scalar: UInt32, _ classes: ScalarClasses) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0D: return false
        case 0x20..<0x7F: return false
        case 0, 0xFFFD: return true
        default:
            return classes.categoryBit(scalar) & CategorySet.invisible != 0 && isKnown(scalar)
        }
    }

    /// Nonspacing marks. Six characters have another category since Unicode 8.
    private static func isAccent(_ scalar: UInt32, _ classes: ScalarClasses) -> Bool {
        switch scalar {
        case 0..<0x300, 0x1885, 0x1886, 0xA9BD, 0x111C9: false
        case 0x1734, 0x1171E: true
        default:
            classes.categoryBit(scalar) & CategorySet.nonspacingMark != 0 && isKnown(scalar)
        }
    }

    private static func isKnown(_ scalar: UInt32) -> Bool {
        Unicode.Scalar(scalar).map { ScalarClasses.isKnown($0.properties, to: version) } == true
    }

    private static func isIdeograph(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
