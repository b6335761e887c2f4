/// Ids in TREC run and judgment files, whose fields are separated by spaces: an id must not be
/// empty or contain white space.
public enum TRECIdentifier {
    /// Whether an id can be written to such a file as it is.
    public static func isWritable(_ id: String) -> Bool {
        !id.isEmpty && !id.unicodeScalars.contains(where: isSpace)
    }

    /// The id with each byte of `%`, white space and control characters replaced by `%XX`, so that
    /// different ids stay different. An empty id becomes a single `%`.
    public static func escaped(_ id: String) -> String {
        if id.isEmpty { return "%" }
        var text = ""
        for scalar in id.unicodeScalars {
            guard isSpace(scalar) || scalar == "%" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            for byte in String(scalar).utf8 {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
    }
}
