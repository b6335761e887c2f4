/// An id as a TREC run or judgment file can hold it: between spaces, so without any and not empty.
public enum TRECIdentifier {
    /// Whether an id can stand in such a file as it is.
    public static func isWritable(_ id: String) -> Bool {
        !id.isEmpty && !id.unicodeScalars.contains(where: isSpace)
    }

    /// The id with `%XX` for each byte of `%`, of white space and of control characters, which keeps
    /// different ids different. An empty id becomes a lone `%`.
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
