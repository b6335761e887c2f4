import Foundation

/// What single characters decompose to and which pairs compose, asked of Foundation once and
/// remembered.
///
/// Foundation's own normalization of whole strings is not used: it puts long runs of marks of one
/// class out of order. Characters younger than Unicode 9 are left alone, as in Hugging Face's
/// library, whose tables are of that version; ids would differ otherwise.
struct NormalizationTable {
    private var canonical: [UInt32: [UInt32]] = [:]
    private var compatible: [UInt32: [UInt32]] = [:]
    private var composites: [UInt64: UInt32] = [:]

    private static let version = 9

    static func knows(_ scalar: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(scalar)?.properties else { return false }
        return ScalarClasses.isKnown(properties, to: version)
    }

    /// Whether the scalar is its own NFC and no mark.
    static func isOwnNFC(_ scalar: Unicode.Scalar) -> Bool {
        // Ideographs and Hangul syllables are the bulk of what texts ask about.
        switch scalar.value {
        case 0x3400...0x9FFF, 0xAC00...0xD7A3: return true
        default: break
        }
        guard scalar.properties.canonicalCombiningClass == .notReordered else { return false }
        let form = String(scalar).precomposedStringWithCanonicalMapping
        return form.unicodeScalars.elementsEqual(CollectionOfOne(scalar)) || !knows(scalar.value)
    }

    /// Appends the full decomposition, each scalar with its combining class.
    mutating func decompose(
        _ value: UInt32, compatible isCompatible: Bool,
        into output: inout [(scalar: UInt32, order: UInt8)]
    ) {
        if value < 0x80 {
            output.append((value, 0))
            return
        }
        for part in isCompatible ? compatibleParts(value) : canonicalParts(value) {
            output.append((part, Self.order(part)))
        }
    }

    private static func order(_ value: UInt32) -> UInt8 {
        guard value >= 0x300, knows(value), let scalar = Unicode.Scalar(value) else { return 0 }
        return scalar.properties.canonicalCombiningClass.rawValue
    }

    private mutating func canonicalParts(_ value: UInt32) -> [UInt32] {
        if let parts = canonical[value] { return parts }
        let parts = Self.parts(value) { $0.decomposedStringWithCanonicalMapping }
        canonical[value] = parts
        return parts
    }

    private mutating func compatibleParts(_ value: UInt32) -> [UInt32] {
        if let parts = compatible[value] { return parts }
        let parts = Self.parts(value) { $0.decomposedStringWithCompatibilityMapping }
        compatible[value] = parts
        return parts
    }

    private static func parts(_ value: UInt32, _ form: (String) -> String) -> [UInt32] {
        guard let scalar = Unicode.Scalar(value), knows(value) else { return [value] }
        return form(String(scalar)).unicodeScalars.map(\.value)
    }

    /// The one scalar that the two compose to.
    mutating func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        // Below the marks nothing is second in a pair.
        if second < 0x300 { return nil }
        let key = UInt64(first) << 32 | UInt64(second)
        if let known = composites[key] { return known == 0 ? nil : known }
        var whole: UInt32 = 0
        // Hangul's 28 syllables of one consonant and vowel stand together.
        if first >= 0xAC00, first <= 0xD7A3, (first - 0xAC00) % 28 == 0, second > 0x11A7,
            second < 0x11C3
        {
            whole = first + second - 0x11A7
        } else if let second = Unicode.Scalar(second) {
            // Foundation composes what is decomposed; it overlooks a whole character's next mark.
            var pair = ""
            pair.unicodeScalars.append(
                contentsOf: canonicalParts(first).compactMap(Unicode.Scalar.init))
            pair.unicodeScalars.append(second)
            let form = pair.precomposedStringWithCanonicalMapping.unicodeScalars
            if form.count == 1, let only = form.first, Self.knows(only.value) { whole = only.value }
        }
        composites[key] = whole
        return whole == 0 ? nil : whole
    }
}
