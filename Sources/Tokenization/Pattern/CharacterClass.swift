/// A set of Unicode scalars in a pattern: `\p{L}`, `[^\r
/// \p{L}]`, `a`, `.`.
///
/// Membership of ASCII characters is precomputed in two words; for others the expression is
/// evaluated.
struct CharacterClass: Sendable, Equatable {
    indirect enum Expression: Sendable, Equatable {
        case range(UInt32, UInt32)
        /// General categories as a bit set of `CategorySet`.
        case categories(UInt32)
        case whiteSpace
        case alphabetic
        case lowercase
        case uppercase
        case union([Expression])
        case intersection([Expression])
        case complement(Expression)
        /// The scalars of the expression, ignoring case.
        case ignoringCase(Expression)
    }

    let expression: Expression
    private let asciiLow: UInt64
    private let asciiHigh: UInt64

    init(_ expression: Expression) {
        self.expression = expression
        let classes = ScalarClasses()
        var words: [UInt64] = [0, 0]
        for scalar in UInt32(0)..<128 where expression.contains(scalar, classes) {
            words[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
        }
        (asciiLow, asciiHigh) = (words[0], words[1])
    }

    @inline(__always)
    func containsASCII(_ byte: UInt8) -> Bool {
        (byte < 64 ? asciiLow : asciiHigh) >> UInt64(byte & 63) & 1 != 0
    }

    /// The length in bytes of the scalar at `at` if it is a member, else 0. `at` is within the text.
    @inline(__always)
    func match(_ bytes: UnsafePointer<UInt8>, at: Int, _ classes: ScalarClasses) -> Int {
        let lead = bytes[at]
        if lead < 0x80 { return containsASCII(lead) ? 1 : 0 }
        let (scalar, length) = UTF8Text.decode(bytes, at: at)
        return expression.contains(scalar, classes) ? length : 0
    }
}

extension CharacterClass.Expression {
    static let any = Self.range(0, 0x10FFFF)

    /// `\w` in brackets.
    static let word = Self.union([
        .alphabetic,
        .categories(CategorySet.mark | CategorySet.decimalNumber | CategorySet.connector),
    ])

    /// `\w` outside brackets, which in Oniguruma includes Latin-1's superscripts and fractions.
    static let wordOutsideBrackets = Self.union([
        word, .range(0xB2, 0xB3), .scalar(0xB9), .range(0xBC, 0xBE),
    ])

    private static func known(_ scalar: UInt32, _ classes: ScalarClasses)
        -> Unicode.Scalar.Properties?
    {
        let unassigned: UInt32 = 1 << UInt32(CategorySet.unassigned)
        if classes.categoryBit(scalar) == unassigned { return nil }
        return Unicode.Scalar(scalar)?.properties
    }

    static func scalar(_ value: UInt32) -> Self { .range(value, value) }

    func contains(_ scalar: UInt32, _ classes: ScalarClasses) -> Bool {
        switch self {
        case .range(let low, let high): return scalar >= low && scalar <= high
        case .categories(let set): return set & classes.categoryBit(scalar) != 0
        case .whiteSpace: return classes.isWhiteSpace(scalar)
        case .alphabetic: return Self.known(scalar, classes)?.isAlphabetic ?? false
        case .lowercase: return Self.known(scalar, classes)?.isLowercase ?? false
        case .uppercase: return Self.known(scalar, classes)?.isUppercase ?? false
        case .union(let parts):
            for part in parts where part.contains(scalar, classes) { return true }
            return false
        case .intersection(let parts):
            for part in parts where !part.contains(scalar, classes) { return false }
            return true
        case .complement(let inner): return !inner.contains(scalar, classes)
        case .ignoringCase(let inner):
            if inner.contains(scalar, classes) { return true }
            let folded = Self.fold(scalar)
            return inner.contains(folded, classes)
                || inner.contains(Self.upper(folded), classes)
        }
    }

    /// Approximate simple case folding: the lower case of the upper case, if each is one scalar.
    static func fold(_ scalar: UInt32) -> UInt32 {
        // The dotless i does not fold to i.
        if scalar == 0x131 { return scalar }
        let upper = upper(scalar)
        guard let properties = Unicode.Scalar(upper)?.properties else { return scalar }
        let lower = properties.lowercaseMapping.unicodeScalars
        return lower.count == 1 ? lower.first?.value ?? scalar : scalar
    }

    static func upper(_ scalar: UInt32) -> UInt32 {
        guard let properties = Unicode.Scalar(scalar)?.properties else { return scalar }
        let upper = properties.uppercaseMapping.unicodeScalars
        return upper.count == 1 ? upper.first?.value ?? scalar : scalar
    }
}

/// The properties of `\p{…}`: general categories, common properties, and the East Asian scripts,
/// which categories do not distinguish.
extension CharacterClass.Expression {
    static func property(_ name: String) -> Self? {
        if let set = CategorySet.named(name) { return .categories(set) }
        switch name.lowercased().filter({ $0 != "_" && $0 != " " && $0 != "-" }) {
        case "letter": return .categories(CategorySet.letter)
        case "mark": return .categories(CategorySet.mark)
        case "number": return .categories(CategorySet.number)
        case "punctuation": return .categories(CategorySet.punctuation)
        case "uppercaseletter": return .categories(1)
        case "lowercaseletter": return .categories(2)
        case "titlecaseletter": return .categories(4)
        case "modifierletter": return .categories(8)
        case "otherletter": return .categories(16)
        case "nonspacingmark": return .categories(CategorySet.nonspacingMark)
        case "decimalnumber", "digit": return .categories(CategorySet.decimalNumber)
        case "symbol": return CategorySet.named("S").map { .categories($0) }
        case "separator": return CategorySet.named("Z").map { .categories($0) }
        case "other": return CategorySet.named("C").map { .categories($0) }
        case "any": return .any
        case "ascii": return .range(0, 0x7F)
        case "whitespace", "space": return .whiteSpace
        case "word": return .word
        case "alphabetic", "alpha": return .alphabetic
        case "alnum": return .union([.alphabetic, .categories(CategorySet.decimalNumber)])
        case "lowercase", "lower": return .lowercase
        case "uppercase", "upper": return .uppercase
        case "punct":
            return CategorySet.named("S").map { .categories($0 | CategorySet.punctuation) }
        case "han": return ranges(han)
        case "hiragana": return ranges(hiragana)
        case "katakana": return ranges(katakana)
        case "hangul": return ranges(hangul)
        default: return nil
        }
    }

    private static func ranges(_ list: [ClosedRange<UInt32>]) -> Self {
        .union(list.map { .range($0.lowerBound, $0.upperBound) })
    }

    private static let han: [ClosedRange<UInt32>] = [
        0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007,
        0x3021...0x3029, 0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D,
        0xFA70...0xFAD9, 0x16FE2...0x16FE3, 0x16FF0...0x16FF1, 0x20000...0x2A6DF,
        0x2A700...0x2B739, 0x2B740...0x2B81D, 0x2B820...0x2CEA1, 0x2CEB0...0x2EBE0,
        0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x323AF,
    ]
    private static let hiragana: [ClosedRange<UInt32>] = [
        0x3041...0x3096, 0x309D...0x309F, 0x1B001...0x1B11F, 0x1B132...0x1B132,
        0x1B150...0x1B152, 0x1F200...0x1F200,
    ]
    private static let katakana: [ClosedRange<UInt32>] = [
        0x30A1...0x30FA, 0x30FD...0x30FF, 0x31F0...0x31FF, 0x32D0...0x32FE, 0x3300...0x3357,
        0xFF66...0xFF6F, 0xFF71...0xFF9D, 0x1AFF0...0x1AFF3, 0x1AFF5...0x1AFFB,
        0x1AFFD...0x1AFFE, 0x1B000...0x1B000, 0x1B120...0x1B122, 0x1B155...0x1B155,
        0x1B164...0x1B167,
    ]
    private static let hangul: [ClosedRange<UInt32>] = [
        0x1100...0x11FF, 0x302E...0x302F, 0x3131...0x318E, 0x3200...0x321E, 0x3260...0x327E,
        0xA960...0xA97C, 0xAC00...0xD7A3, 0xD7B0...0xD7C6, 0xD7CB...0xD7FB, 0xFFA0...0xFFBE,
        0xFFC2...0xFFC7, 0xFFCA...0xFFCF, 0xFFD2...0xFFD7, 0xFFDA...0xFFDC,
    ]
}
