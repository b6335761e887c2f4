import Foundation
import TestSupport
import Testing
import Tokenization

@Suite struct PatternTests {
    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The scanners written by hand cut as the general matcher does, which gets the same
    /// expression in a form that is not recognised.
    @Test(arguments: [gpt2, llama3, qwen2])
    func scannersEqualTheMatcher(_ expression: String) throws {
        let scanned = try Fixture.splitting(at: expression)
        let matched = try Fixture.splitting(at: "(?:\(expression))")
        var generator = RandomSource.forTest(1)
        for _ in 0..<1_500 {
            let text = generator.text(parts: 12)
            #expect(scanned.encode(text) == matched.encode(text), "\(text.debugDescription)")
        }
    }

    /// Expressions that take exponential time when one only backtracks.
    @Test(arguments: [
        "(a+)+b", "(?:a|aa)+$b", "(?:a|a)*c", "(a*)*b", "(?:(?:a+)+)+!", "(?=(a+)+b)a",
        "(?>(a|aa)+c)", "a{0,50}a{0,50}a{0,50}b",
    ])
    func catastrophesEnd(_ expression: String) throws {
        let tokenizer = try Fixture.splitting(at: expression)
        let text = String(repeating: "a", count: 120)
        let ids = tokenizer.encode(text)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: false) == text)
    }

    @Test(arguments: [
        "(", ")", "[a", "a{5,2}", "*a", "(?<=ab)c", #"(a)\1"#, #"\p{Nonsense}"#, "(?R)", #"\"#,
        "[z-a]", #"\x{110000}"#, "(?<n", "a{99999}", #"\k<n>"#, "((((a{900}){900}){900}){900})",
        String(repeating: "(", count: 5_000), String(repeating: "[", count: 5_000),
    ])
    func unsupportedIsNamed(_ expression: String) {
        #expect {
            _ = try Fixture.splitting(at: expression)
        } throws: { error in
            if case TokenizerError.badPattern = error { return true }
            return false
        }
    }
}
