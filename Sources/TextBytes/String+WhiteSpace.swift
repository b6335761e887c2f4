extension String {
    /// The text without white space at both ends: Unicode's White_Space and the four information
    /// separators, which are what Python's `strip` removes.
    package func trimmingWhiteSpace() -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        let rest = unicodeScalars.drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(rest[...last])
    }
}
