/// The head of an answer.
struct HTTPResponse {
    var status = 0
    /// Where a redirect leads, absolute; nil if the answer is none.
    var location: String?
    private var headers: [(name: String, value: String)] = []

    /// More lines than any server sends.
    private static let maximumHeaders = 1000

    /// The first header of that name, whatever its case.
    subscript(name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }

    /// A number of bytes, as a header says it.
    func byteCount(_ name: String) -> Int? {
        guard let text = self[name], !text.isEmpty, text.utf8.allSatisfy({ 48...57 ~= $0 }) else {
            return nil
        }
        return Int(text)
    }

    /// Takes a line of the head; false if there are too many.
    mutating func add(line: UnsafeRawBufferPointer) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
            .trimmingSuffix { $0.isNewline || $0 == " " || $0 == "\t" }
        if text.hasPrefix("HTTP/") {
            // Of the last head, if a proxy or "100 Continue" sends one before.
            headers = []
            let words = text.split(separator: " ")
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            return true
        }
        guard let colon = text.firstIndex(of: ":") else { return true }
        headers.append(
            (
                text[..<colon].lowercased(),
                String(text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
            ))
        return headers.count <= Self.maximumHeaders
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
