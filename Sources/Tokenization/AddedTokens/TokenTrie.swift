/// Finds the leftmost, longest match of a set of byte strings.
struct TokenTrie: Sendable {
    /// The child of (node, byte); node 0 is the root.
    private var children: [UInt64: Int32] = [:]
    /// The pattern that ends at a node, or -1.
    private var patterns: [Int32] = [-1]
    /// Whether a byte begins a pattern.
    private var firstBytes = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { patterns.count == 1 }

    mutating func insert(_ pattern: [UInt8], _ number: Int) {
        guard let first = pattern.first else { return }
        firstBytes[Int(first)] = true
        var node = 0
        for byte in pattern {
            let key = UInt64(node) << 8 | UInt64(byte)
            if let child = children[key] {
                node = Int(child)
            } else {
                children[key] = Int32(patterns.count)
                node = patterns.count
                patterns.append(-1)
            }
        }
        patterns[node] = Int32(number)
    }

    /// The next match at or after `from`: at the first position where any pattern matches, the
    /// longest.
    func next(in text: UnsafeBufferPointer<UInt8>, from: Int) -> (pattern: Int, range: Range<Int>)?
    {
        firstBytes.withUnsafeBufferPointer { firstBytes in
            var start = from
            while start < text.count {
                if firstBytes[Int(text[start])] {
                    var node = 0
                    var at = start
                    var found: (Int, Range<Int>)?
                    while at < text.count,
                        let child = children[UInt64(node) << 8 | UInt64(text[at])]
                    {
                        node = Int(child)
                        at += 1
                        if patterns[node] >= 0 { found = (Int(patterns[node]), start..<at) }
                    }
                    if let found { return found }
                }
                start += 1
            }
            return nil
        }
    }
}
