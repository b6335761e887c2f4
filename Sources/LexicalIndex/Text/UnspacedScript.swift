/// The scripts whose words are not divided by spaces, or, as in Korean, carry their particles with
/// them: text in them is cut into overlapping pairs of characters.
///
/// Pairs need no dictionary, agree on both sides by construction, and find as much as segmenters do:
/// Nie et al., "On the Use of Words and N-grams for Chinese Information Retrieval" (2000), also on
/// ideographs alone beside the pairs; Lee and Ahn, "Using n-grams for Korean Text Retrieval" (1996).
enum UnspacedScript {
    /// What a character is to a run of such text.
    enum Role {
        /// A character of another script.
        case none
        case letter
        /// A letter that is a word by itself in many a query.
        case ideograph
        /// A vowel or tone sign of Thai, Lao, Khmer or Burmese: part of a pair, no word by itself.
        case mark
    }

    /// Nothing below this is of such a script.
    static let first: UInt32 = 0x0E00

    static func role(of code: UInt32) -> Role {
        switch code {
        case 0x0E31, 0x0E34...0x0E3A, 0x0E47...0x0E4E, 0x0EB1, 0x0EB4...0x0EBC, 0x0EC8...0x0ECE,
            0x102B...0x103E, 0x1056...0x1059, 0x105E...0x1060, 0x1062...0x1064, 0x1067...0x106D,
            0x1071...0x1074, 0x1082...0x108D, 0x108F, 0x109A...0x109D, 0x17B4...0x17D3, 0x17DD:
            .mark
        case 0x3005...0x3007, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            .ideograph
        // Thai and Lao; Burmese; Hangul's parts; Khmer; kana; Bopomofo and Hangul's parts again;
        // Hangul's syllables; older kana.
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x3031...0x3035,
            0x303B...0x303C, 0x3041...0x30FF, 0x3105...0x318F, 0x31A0...0x31BF, 0x31F0...0x31FF,
            0xA960...0xA97F, 0xAC00...0xD7FF, 0x1B000...0x1B16F:
            .letter
        default: .none
        }
    }

    /// Whether a character only selects another form of the one before it.
    static func isVariationSelector(_ code: UInt32) -> Bool {
        (0xFE00...0xFE0F).contains(code) || (0xE0100...0xE01EF).contains(code)
    }
}

/// Two characters that are one: kana with sound marks, also of half width, and parts of a Hangul
/// syllable, as files' names on some systems have them.
enum Composition {
    /// The composed character; nil if the two are not one.
    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        switch second {
        case 0x3099, 0xFF9E: voiced(first)
        case 0x309A, 0xFF9F: halfVoiced(first)
        // Unicode, section 3.12: a leading consonant and a vowel, then perhaps a trailing consonant.
        case 0x1161...0x1175 where (0x1100...0x1112).contains(first):
            0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
        case 0x11A8...0x11C2 where (0xAC00...0xD7A3).contains(first) && (first - 0xAC00) % 28 == 0:
            first + second - 0x11A7
        default: nil
        }
    }

    /// Whether a character is a sound mark: nothing by itself.
    static func isSoundMark(_ code: UInt32) -> Bool {
        code == 0x3099 || code == 0x309A || code == 0xFF9E || code == 0xFF9F
    }

    /// Hiragana and katakana have the same order, 0x60 apart; a voiced letter follows its plain one.
    private static func voiced(_ code: UInt32) -> UInt32? {
        let isKatakana = code >= 0x30A1
        switch isKatakana ? code - 0x60 : code {
        case 0x3046: return code + 0x4E
        case 0x304B...0x3062: return code % 2 == 1 ? code + 1 : nil
        case 0x3064, 0x3066, 0x3068: return code + 1
        case 0x306F, 0x3072, 0x3075, 0x3078, 0x307B, 0x309D: return code + 1
        case 0x308F...0x3092: return isKatakana ? code + 8 : nil
        default: return nil
        }
    }

    private static func halfVoiced(_ code: UInt32) -> UInt32? {
        switch code >= 0x30A1 ? code - 0x60 : code {
        case 0x306F, 0x3072, 0x3075, 0x3078, 0x307B: code + 2
        default: nil
        }
    }
}

/// Letters in another width than usual, as the usual ones (NFKC does the same).
enum WidthFolding {
    /// U+FF66 … U+FF9D.
    private static let katakana: [UInt32] = [
        0x30F2, 0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9, 0x30E3, 0x30E5, 0x30E7, 0x30C3, 0x30FC,
        0x30A2, 0x30A4, 0x30A6, 0x30A8, 0x30AA, 0x30AB, 0x30AD, 0x30AF, 0x30B1, 0x30B3, 0x30B5,
        0x30B7, 0x30B9, 0x30BB, 0x30BD, 0x30BF, 0x30C1, 0x30C4, 0x30C6, 0x30C8, 0x30CA, 0x30CB,
        0x30CC, 0x30CD, 0x30CE, 0x30CF, 0x30D2, 0x30D5, 0x30D8, 0x30DB, 0x30DE, 0x30DF, 0x30E0,
        0x30E1, 0x30E2, 0x30E4, 0x30E6, 0x30E8, 0x30E9, 0x30EA, 0x30EB, 0x30EC, 0x30ED, 0x30EF,
        0x30F3,
    ]

    static func fold(_ code: UInt32) -> UInt32 {
        switch code {
        case 0xFF01...0xFF5E: code - 0xFEE0
        case 0xFF66...0xFF9D: katakana[Int(code - 0xFF66)]
        default: code
        }
    }
}
