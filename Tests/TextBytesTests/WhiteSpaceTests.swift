import TextBytes
import Testing

@Suite struct WhiteSpaceTests {
    /// Expected values are those of Python's `str.strip`.
    @Test(arguments: [
        ("", ""), (" \t\r\n", ""), ("a", "a"), ("  a b \n", "a b"), ("\u{3000}a\u{85}", "a"),
        ("\u{1F}a\u{1C}", "a"), ("\u{200B}a ", "\u{200B}a"), (" \u{301}", "\u{301}"),
        ("\u{FEFF}a", "\u{FEFF}a"),
    ])
    func trimsAsPythonDoes(text: String, want: String) {
        #expect(Array(text.trimmingWhiteSpace().utf8) == Array(want.utf8))
    }
}
