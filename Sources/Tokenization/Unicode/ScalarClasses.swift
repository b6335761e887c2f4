/// The general category and some properties of Unicode scalars, in two bytes each.
///
/// Computed for a page of 256 scalars when a text first contains one of them: a table of all of
/// Unicode would take tens of milliseconds at every start, and English needs only a few pages. Not
/// `Sendable`: each encoding thread has its own.
final class ScalarClasses {
    /// The lower five bits: `GeneralCategory`.
    static let categoryMask: UInt16 = 0x1F
    /// Unicode's White_Space, which is `\s` in Oniguruma and Rust.
    static let whiteSpace: UInt16 = 0x20
    /// A word character as in Rust: alphabetic, mark, decimal number, connector punctuation, join
    /// control.
    static let word: UInt16 = 0x40
    /// The scalar is its own NFC and does not interact with adjacent scalars.
    static let inertNFC: UInt16 = 0x80
    /// Takes part in normalization.
    static let isNormalizable: UInt16 = 0x100

    /// The Unicode version of Oniguruma in Hugging Face's library. Newer characters are treated as
    /// unassigned; otherwise ids would differ.
    private static let patternVersion = 16

    /// Whether the character exists in that major version of Unicode.
    static func isKnown(_ properties: Unicode.Scalar.Properties, to version: Int) -> Bool {
        guard let age = properties.age else { return false }
        return age.major <= version
    }

    private var pages: [UnsafeMutablePointer<UInt16>?] = Array(repeating: nil, count: 0x1100)

    deinit {
        for page in pages { page?.deallocate() }
    }

    @inline(__always)
    func properties(_ scalar: UInt32) -> UInt16 {
        if let page = pages[Int(scalar >> 8)] { return page[Int(scalar & 0xFF)] }
        return makePage(scalar >> 8)[Int(scalar & 0xFF)]
    }

    @inline(__always)
    func isWhiteSpace(_ scalar: UInt32) -> Bool {
        properties(scalar) & Self.whiteSpace != 0
    }

    @inline(__always)
    func isWord(_ scalar: UInt32) -> Bool {
        properties(scalar) & Self.word != 0
    }

    /// The category as a bit, to be tested against a `CategorySet`.
    @inline(__always)
    func categoryBit(_ scalar: UInt32) -> UInt32 {
        1 << UInt32(properties(scalar) & Self.categoryMask)
    }

    @inline(never)
    private func makePage(_ number: UInt32) -> UnsafeMutablePointer<UInt16> {
        let page = UnsafeMutablePointer<UInt16>.allocate(capacity: 256)
        for low in 0..<UInt32(256) {
            guard let scalar = Unicode.Scalar(number << 8 | low) else {
                page[Int(low)] = UInt16(CategorySet.surrogate)
                continue
            }
            page[Int(low)] = Self.compute(scalar)
        }
        pages[Int(number)] = page
        return page
    }

    private static func compute(_ scalar: Unicode.Scalar) -> UInt16 {
        let properties = scalar.properties
        let newest = CategorySet.index(of: properties.generalCategory)
        let bit: UInt32 = 1 << UInt32(newest)
        var result = UInt16(
            isKnown(properties, to: patternVersion) ? newest : CategorySet.unassigned)
        // A lowercase letter until Unicode 17, which distinguishes its two forms.
        if scalar.value == 0x295 { result = 1 }
        if properties.isWhitespace { result |= whiteSpace }
        if properties.isAlphabetic || properties.isJoinControl
            || bit & (CategorySet.mark | CategorySet.decimalNumber | CategorySet.connector) != 0
        {
            result |= word
        }
        // Marks may combine with preceding characters, as do the vowels and finals of Hangul.
        let joins = bit & CategorySet.mark != 0 || (scalar.value >= 0x1100 && scalar.value < 0x1200)
        if scalar.value < 0x300 || (!joins && UnicodeNormalization.isOwnNFC(scalar)) {
            result |= inertNFC
        }
        if UnicodeNormalization.knows(scalar) { result |= isNormalizable }
        return result
    }
}

/// General categories as sets of bits.
enum CategorySet {
    static let surrogate: UInt8 = 28
    static let unassigned: UInt8 = 29

    /// Two-letter names in the order of their bits; `Cn` (not assigned) is the last.
    static let names = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs", "Cn",
    ]

    static let letter: UInt32 = 0b11111
    static let mark: UInt32 = 0b111 << 5
    static let decimalNumber: UInt32 = 1 << 8
    static let number: UInt32 = 0b111 << 8
    static let connector: UInt32 = 1 << 11
    static let punctuation: UInt32 = 0b1111111 << 11
    static let nonspacingMark: UInt32 = 1 << 5
    /// Control, format and private use.
    static let invisible: UInt32 = 0b111 << 25

    /// The set that `\p{name}` means, for a one- or two-letter category name.
    static func named(_ name: String) -> UInt32? {
        if let index = names.firstIndex(of: name) { return 1 << UInt32(index) }
        if name == "LC" { return 0b111 }
        var set: UInt32 = 0
        for (index, two) in names.enumerated() where name.count == 1 && two.hasPrefix(name) {
            set |= 1 << UInt32(index)
        }
        return set == 0 ? nil : set
    }

    static func index(of category: Unicode.GeneralCategory) -> UInt8 {
        switch category {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .privateUse: 27
        case .surrogate: 28
        case .unassigned: 29
        @unknown default: 29
        }
    }
}
