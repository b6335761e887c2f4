/// Splits a batch into parts that are computed one after another.
enum MicroBatches {
    /// Parts of at most `rows` examples if given, else of at most `tokens` tokens; a longer example
    /// is a part by itself.
    static func parts<Example: StageExample>(
        _ examples: [Example], rows: Int?, tokens: Int
    ) -> [[Example]] {
        var parts: [[Example]] = []
        var part: [Example] = []
        var size = 0
        for example in examples {
            let isFull = rows.map { part.count >= $0 } ?? (size + example.tokens > tokens)
            if isFull, !part.isEmpty {
                parts.append(part)
                (part, size) = ([], 0)
            }
            part.append(example)
            size += example.tokens
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    /// What the largest of the parts keeps in memory.
    static func largestLoad<Example: StageExample>(_ parts: [[Example]]) -> MemoryNeed.Load {
        parts.map { $0.reduce(MemoryNeed.Load()) { $0 + $1.load } }
            .max { $0.recorded < $1.recorded } ?? MemoryNeed.Load()
    }
}
