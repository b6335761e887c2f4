/// Strips English suffixes: M. F. Porter, "An algorithm for suffix stripping", Program 14 (3),
/// 1980, with the author's two later changes (`bli` for `abli`, and `logi`), as in FTS5's `porter`.
///
/// Works on bytes: everything except a, e, i, o, u and a y after a consonant counts as a consonant,
/// including each byte of a non-ASCII character.
///
/// The paper writes a word as [C](VC)^m[V], with C and V runs of consonants and vowels; m is its
/// measure. *v*: the stem contains a vowel; *d: it ends with a double consonant; *o: it ends with
/// consonant, vowel, consonant, the last of which is not w, x or y.
///
/// Not thread-safe: it holds the current word.
final class PorterStemmer {
    /// Shorter and longer words are not changed.
    static let lengths = 3...64

    /// Room for the longest word and the e that step 1b may add.
    private let word = UnsafeMutablePointer<UInt8>.allocate(capacity: 72)

    deinit { word.deallocate() }

    /// Calls `body` with the stem, which is valid during the call.
    func withStem<Result>(
        of source: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        guard Self.lengths.contains(source.count), let from = source.baseAddress else {
            return body(source)
        }
        word.update(from: from, count: source.count)
        var stem = Stem(bytes: word, count: source.count)
        stem.reduce()
        return body(UnsafeBufferPointer(start: word, count: stem.count))
    }
}

/// A word that is being reduced to its stem.
private struct Stem {
    let bytes: UnsafeMutablePointer<UInt8>
    var count: Int

    /// A suffix and its replacement.
    struct Rule {
        let suffix: StaticString
        let replacement: StaticString

        init(_ suffix: StaticString, _ replacement: StaticString) {
            (self.suffix, self.replacement) = (suffix, replacement)
        }
    }

    mutating func reduce() {
        step1a()
        step1b()
        step1c()
        apply(Self.step2) { $0.measure(before: $1) > 0 }
        apply(Self.step3) { $0.measure(before: $1) > 0 }
        step4()
        step5()
    }

    // MARK: Steps

    /// Plurals: sses → ss, ies → i, ss → ss, s → nothing.
    private mutating func step1a() {
        guard last == ascii("s") else { return }
        if ends("sses"), count > 4 {
            count -= 2
        } else if ends("ies"), count > 3 {
            count -= 2
        } else if bytes[count - 2] != ascii("s") {
            count -= 1
        }
    }

    /// Past tense and present participle.
    private mutating func step1b() {
        if ends("eed"), count > 3 {
            if measure(before: count - 3) > 0 { count -= 1 }
            return
        }
        let length = ends("ed") ? 2 : ends("ing") && count > 3 ? 3 : 0
        guard length > 0, hasVowel(before: count - length) else { return }
        count -= length
        if count > 2, ends("at") || ends("bl") || ends("iz") {
            append("e")
        } else if count >= 2, last == bytes[count - 2], !isPlainVowel(last),
            last != ascii("l"), last != ascii("s"), last != ascii("z")
        {
            count -= 1
        } else if measure(before: count) == 1, endsConsonantVowelConsonant(before: count) {
            append("e")
        }
    }

    private mutating func step1c() {
        if last == ascii("y"), hasVowel(before: count - 1) { bytes[count - 1] = ascii("i") }
    }

    private mutating func step4() {
        for suffix in Self.step4 where ends(suffix) && count > suffix.utf8CodeUnitCount {
            let rest = count - suffix.utf8CodeUnitCount
            if measure(before: rest) > 1 { count = rest }
            return
        }
        if ends("ion"), count > 3, bytes[count - 4] == ascii("s") || bytes[count - 4] == ascii("t"),
            measure(before: count - 3) > 1
        {
            count -= 3
        }
    }

    private mutating func step5() {
        if last == ascii("e") {
            let measure = measure(before: count - 1)
            if measure > 1
                || (measure == 1 && !endsConsonantVowelConsonant(before: count - 1))
            {
                count -= 1
            }
        }
        if count > 1, last == ascii("l"), bytes[count - 2] == ascii("l"),
            measure(before: count - 1) > 1
        {
            count -= 1
        }
    }

    /// The first rule whose suffix matches decides, whether or not its condition holds.
    private mutating func apply(_ rules: [Rule], _ condition: (Stem, Int) -> Bool) {
        guard count > 2 else { return }
        for rule in rules
        where ends(rule.suffix) && count > rule.suffix.utf8CodeUnitCount {
            let rest = count - rule.suffix.utf8CodeUnitCount
            if condition(self, rest) {
                count = rest
                append(rule.replacement)
            }
            return
        }
    }

    /// Longer suffixes come before their own endings.
    private static let step2: [Rule] = [
        Rule("ational", "ate"), Rule("tional", "tion"), Rule("enci", "ence"), Rule("anci", "ance"),
        Rule("izer", "ize"), Rule("logi", "log"), Rule("bli", "ble"), Rule("alli", "al"),
        Rule("entli", "ent"), Rule("eli", "e"), Rule("ousli", "ous"), Rule("ization", "ize"),
        Rule("ation", "ate"), Rule("ator", "ate"), Rule("alism", "al"), Rule("iveness", "ive"),
        Rule("fulness", "ful"), Rule("ousness", "ous"), Rule("aliti", "al"), Rule("iviti", "ive"),
        Rule("biliti", "ble"),
    ]

    private static let step3: [Rule] = [
        Rule("icate", "ic"), Rule("ative", ""), Rule("alize", "al"), Rule("iciti", "ic"),
        Rule("ical", "ic"), Rule("ful", ""), Rule("ness", ""),
    ]

    private static let step4: [StaticString] = [
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ou",
        "ism", "ate", "iti", "ous", "ive", "ize",
    ]

    // MARK: Conditions

    private var last: UInt8 { bytes[count - 1] }

    private func ends(_ suffix: StaticString) -> Bool {
        let length = suffix.utf8CodeUnitCount
        guard count >= length else { return false }
        for index in 0..<length where bytes[count - length + index] != suffix.utf8Start[index] {
            return false
        }
        return true
    }

    private mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { bytes[count + index] = text.utf8Start[index] }
        count += text.utf8CodeUnitCount
    }

    private func isPlainVowel(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"),
            UInt8(ascii: "u"):
            true
        default: false
        }
    }

    /// m of the first `end` bytes.
    private func measure(before end: Int) -> Int {
        var measure = 0
        var wasVowel = false
        for index in 0..<end {
            let isVowel =
                isPlainVowel(bytes[index])
                || (bytes[index] == UInt8(ascii: "y") && index > 0 && !wasVowel)
            if wasVowel && !isVowel { measure += 1 }
            wasVowel = isVowel
        }
        return measure
    }

    private func hasVowel(before end: Int) -> Bool {
        for index in 0..<max(end, 0)
        where isPlainVowel(bytes[index]) || (index > 0 && bytes[index] == UInt8(ascii: "y")) {
            return true
        }
        return false
    }

    /// *o of the first `end` bytes.
    private func endsConsonantVowelConsonant(before end: Int) -> Bool {
        guard end >= 3 else { return false }
        switch bytes[end - 1] {
        case UInt8(ascii: "w"), UInt8(ascii: "x"), UInt8(ascii: "y"): return false
        default: break
        }
        var pattern = 0
        var wasVowel = true
        for index in 0..<end {
            let isVowel =
                isPlainVowel(bytes[index]) || (bytes[index] == UInt8(ascii: "y") && !wasVowel)
            pattern = pattern << 1 | (isVowel ? 0 : 1)
            wasVowel = isVowel
        }
        return pattern & 7 == 5
    }

    private func ascii(_ letter: Unicode.Scalar) -> UInt8 { UInt8(ascii: letter) }
}
