import JSON

/// Transforms a text before it is split into pieces: Hugging Face's `normalizer`.
enum Normalizer: Sendable {
    case sequence([Normalizer])
    /// Prepends these bytes to any text that is not empty.
    case prepend([UInt8])
    case replace(TextPattern, with: [UInt8])
    case form(UnicodeNormalization)
    case lowercase
    case strip(left: Bool, right: Bool)
    case stripAccents
    case byteLevel
    /// Removes control characters and replaces white space by spaces, as the Nmt normalizer.
    case nmt
    case bert(BertNormalization)

    func apply(to text: inout [UInt8], classes: ScalarClasses) {
        var leading = 0
        apply(to: &text, leading: &leading, classes: classes)
    }

    /// - Parameter leading: the number of bytes at the front that come from the first character of
    ///   the original text; 0 if that character was removed or is not in this part.
    func apply(to text: inout [UInt8], leading: inout Int, classes: ScalarClasses) {
        if text.isEmpty { return }
        switch self {
        case .sequence(let stages):
            for stage in stages {
                stage.apply(to: &text, leading: &leading, classes: classes)
            }
        case .prepend(let prefix):
            text.insert(contentsOf: prefix, at: 0)
            if leading > 0 { leading += prefix.count }
        case .replace(let pattern, let replacement):
            leading = pattern.replaceAll(
                in: &text, with: replacement, leading: leading, classes: classes)
        case .form(let form):
            var front = Array(text.prefix(leading))
            form.apply(to: &text, classes: classes)
            if leading == 0 { return }
            form.apply(to: &front, classes: classes)
            // The following characters may have been composed with the first one, which is then one
            // scalar.
            leading = text.starts(with: front) ? front.count : UTF8Text.length(lead: text[0])
        case .lowercase: Self.lowercase(&text, leading: &leading)
        case .strip(let left, let right):
            let removed = Self.strip(&text, left: left, right: right, classes)
            leading = max(0, leading - removed)
        case .stripAccents:
            Self.mapScalars(&text, leading: &leading) { scalar, out in
                let properties = classes.properties(scalar)
                let marked = classes.categoryBit(scalar) & CategorySet.mark != 0
                if !marked || properties & ScalarClasses.isNormalizable == 0 {
                    UTF8Text.append(scalar, to: &out)
                }
            }
        case .byteLevel:
            if leading > 0 { leading = ByteAlphabet.spell(Array(text.prefix(leading))).count }
            text = ByteAlphabet.spell(text)
        case .nmt:
            Self.mapScalars(&text, leading: &leading) { scalar, out in
                if let kept = Self.nmt(scalar) { UTF8Text.append(kept, to: &out) }
            }
        case .bert(let bert): bert.apply(to: &text, leading: &leading, classes: classes)
        }
    }

    /// Writes the text again, scalar by scalar: `body` appends what becomes of one.
    static func mapScalars(
        _ text: inout [UInt8], leading: inout Int, _ body: (UInt32, inout [UInt8]) -> Void
    ) {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var front = 0
        text.withUnsafeBufferPointer { buffer in
            UTF8Text.forEachScalar(in: buffer) { scalar, place in
                body(scalar, &out)
                if place.lowerBound < leading { front = out.count }
            }
        }
        text = out
        leading = front
    }

    /// Scalar by scalar, as Rust's `char::to_lowercase`: without the final sigma.
    private static func lowercase(_ text: inout [UInt8], leading: inout Int) {
        if text.allSatisfy({ $0 < 0x80 }) {
            for index in text.indices where text[index] >= 0x41 && text[index] <= 0x5A {
                text[index] |= 0x20
            }
            return
        }
        mapScalars(&text, leading: &leading) { value, out in
            guard let scalar = Unicode.Scalar(value) else { return }
            out.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
    }

    /// - Returns: the number of bytes removed at the front.
    private static func strip(
        _ text: inout [UInt8], left: Bool, right: Bool, _ classes: ScalarClasses
    ) -> Int {
        let kept = text.withUnsafeBufferPointer { buffer -> Range<Int> in
            guard let base = buffer.baseAddress else { return 0..<0 }
            var start = 0
            var end = buffer.count
            while left, start < end {
                let (scalar, length) = UTF8Text.decode(base, at: start)
                guard classes.isWhiteSpace(scalar) else { break }
                start += length
            }
            while right, end > start {
                let last = UTF8Text.start(before: end, in: base)
                guard classes.isWhiteSpace(UTF8Text.decode(base, at: last).scalar) else { break }
                end = last
            }
            return start..<end
        }
        if kept.count < text.count { text = Array(text[kept]) }
        return kept.lowerBound
    }

    private static func nmt(_ scalar: UInt32) -> UInt32? {
        switch scalar {
        case 0x0001...0x0008, 0x000B, 0x000E...0x001F, 0x007F, 0x008F, 0x009F: nil
        case 0x0009, 0x000A, 0x000C, 0x000D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581,
            0xFEFF, 0xFFFD:
            0x20
        default: scalar
        }
    }
}

extension Normalizer {
    /// Reads the `normalizer` of a tokenizer.json.
    init(_ json: JSONValue) throws(TokenizerError) {
        let context = "normalizer"
        let type = try json.string("type", in: context)
        switch type {
        case "Sequence":
            var stages: [Normalizer] = []
            for stage in try json.elements("normalizers", in: context) {
                stages.append(try Normalizer(stage))
            }
            self = .sequence(stages)
        case "Prepend": self = .prepend(Array(try json.string("prepend", in: context).utf8))
        case "Replace":
            self = .replace(
                try TextPattern(json, in: context),
                with: Array(try json.string("content", in: context).utf8))
        case "NFC": self = .form(.nfc)
        case "NFD": self = .form(.nfd)
        case "NFKC": self = .form(.nfkc)
        case "NFKD": self = .form(.nfkd)
        case "Lowercase": self = .lowercase
        case "Strip":
            self = .strip(
                left: try json.bool("strip_left", default: true, in: context),
                right: try json.bool("strip_right", default: true, in: context))
        case "StripAccents": self = .stripAccents
        case "ByteLevel": self = .byteLevel
        case "Nmt": self = .nmt
        case "BertNormalizer": self = .bert(try BertNormalization(json, in: context))
        default: throw .unsupportedStage(kind: "normalizer", type: type)
        }
    }
}
