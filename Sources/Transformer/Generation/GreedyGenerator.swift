import VectorMath

/// One worker's sequences in flight: generates after many prompts, on the calling thread.
///
/// Every step is one forward pass over the next token of each sequence, and over the prompts of
/// those that have just begun. A sequence that ends leaves its place to the next prompt at once.
/// Rows of a pass do not depend on each other, so what is generated depends neither on the other
/// sequences nor on their number.
final class GreedyGenerator {
    /// A sequence in flight.
    private struct Sequence {
        let number: Int
        let cache: KeyValueCache
        /// What the next step computes: the prompt, then the token generated last.
        var input: SequenceInput
        var tokens: [Int32] = []
    }

    private let pass: ForwardPass
    private let options: GenerationOptions
    /// The most sequences in flight, and the bytes that their caches may need.
    private let limits: (sequences: Int, cacheBytes: Int)
    private var active: [Sequence] = []
    private var unused: [KeyValueCache] = []
    private var shared: KeyValueCache?
    private let states = Scratch<Float>()

    init(_ pass: ForwardPass, _ options: GenerationOptions, sequences: Int, cacheBytes: Int) {
        (self.pass, self.options) = (pass, options)
        limits = (max(1, sequences), cacheBytes)
    }

    /// - Parameters:
    ///   - next: the next prompt and its number; nil if there are no more.
    ///   - advance: called after each step, with the number of tokens that it generated.
    ///   - deliver: called for each prompt, in the order in which their texts end.
    func run(
        isCancelled: () -> Bool, next: () -> (number: Int, prompt: SequenceInput)?,
        advance: (Int) -> Void, deliver: (Int, GeneratedTokens) -> Void
    ) throws(ModelError) {
        var waiting: (number: Int, prompt: SequenceInput)?
        while true {
            if isCancelled() { throw .cancelled }
            // A prompt's rows cost as much as a step of as many sequences, which wait for them.
            var rows = active.reduce(0) { $0 + $1.input.length }
            while active.count < limits.sequences, let (number, prompt) = waiting ?? next() {
                guard hasRoom(for: prompt, besides: rows) else {
                    waiting = (number, prompt)
                    break
                }
                waiting = nil
                let sequence = try begin(number, prompt)
                active.append(sequence)
                rows += sequence.input.length
            }
            if active.isEmpty { return }
            let count = active.count
            try step(deliver)
            advance(count)
        }
    }

    private func hasRoom(for prompt: SequenceInput, besides rows: Int) -> Bool {
        if active.isEmpty { return true }
        guard rows + prompt.length <= BatchPlan.mostRows else { return false }
        let reserved = active.reduce(0) { $0 + cacheBytes($1.cache.count + $1.input.length) }
        if reserved + cacheBytes(prompt.length) <= limits.cacheBytes { return true }
        unused.removeAll()
        return false
    }

    /// The positions that a sequence of `length` now may come to.
    private func positions(after length: Int) -> Int {
        length + min(options.maximumTokens, GenerationOptions.mostReserved)
    }

    private func cacheBytes(_ length: Int) -> Int {
        KeyValueCache.byteCount(pass.configuration, positions: positions(after: length))
    }

    private func begin(_ number: Int, _ prompt: SequenceInput) throws(ModelError) -> Sequence {
        let cache = unused.popLast() ?? KeyValueCache(pass.configuration)
        cache.reset()
        cache.reserve(positions(after: prompt.length))
        guard let prefix = try sharedPrefix(of: prompt) else {
            return Sequence(number: number, cache: cache, input: prompt)
        }
        cache.reset(toCopyOf: prefix)
        return Sequence(
            number: number, cache: cache,
            input: SequenceInput(tokens: Array(prompt.tokens.dropFirst(prefix.count))))
    }

    /// The cache of the tokens that prompts begin with; nil if this one does not.
    private func sharedPrefix(of prompt: SequenceInput) throws(ModelError) -> KeyValueCache? {
        let prefix = options.sharedPrefix
        guard !prefix.isEmpty, prompt.prefixRows == 0, prompt.tokens.count > prefix.count,
            prompt.tokens.starts(with: prefix),
            // With such frequencies a prefix depends on the length of what follows.
            pass.configuration.rope.lengthDependentBeyond == nil
        else { return nil }
        if let shared { return shared }
        let cache = KeyValueCache(pass.configuration)
        states.reserve(pass.configuration.hiddenSize)
        try pass.run(
            [SequenceInput(tokens: prefix)], selecting: .last(1), caches: [cache],
            into: states.pointer)
        shared = cache
        return cache
    }

    /// Generates one token of each sequence.
    private func step(_ deliver: (Int, GeneratedTokens) -> Void) throws(ModelError) {
        states.reserve(active.count * pass.configuration.hiddenSize)
        try pass.run(
            active.map(\.input), selecting: .last(1), caches: active.map(\.cache),
            into: states.pointer)
        let tokens = try pass.mostProbable(states: states.pointer, rows: active.count)
        var going: [Sequence] = []
        for (var sequence, token) in zip(active, tokens) {
            let isFinished = options.stopping.contains(token)
            if !isFinished { sequence.tokens.append(token) }
            if isFinished || sequence.tokens.count >= options.maximumTokens {
                deliver(
                    sequence.number,
                    GeneratedTokens(tokens: sequence.tokens, isFinished: isFinished))
                unused.append(sequence.cache)
            } else {
                sequence.input = SequenceInput(tokens: [token])
                going.append(sequence)
            }
        }
        active = going
    }
}

extension ForwardPass {
    /// For each of `rows` states `[rows, H]` the id with the greatest logit, the lowest if several
    /// are equal.
    func mostProbable(
        states: UnsafePointer<Float>, rows: Int
    ) throws(ModelError) -> [Int32] {
        let vocabulary = try output.outputs
        let width = configuration.hiddenSize
        try loadOutputInput(UnsafeBufferPointer(start: states, count: rows * width), rows: rows)
        let piece = min(Self.vocabularyPiece, vocabulary)
        let logits = UnsafeMutablePointer<Float>.allocate(capacity: rows * piece)
        defer { logits.deallocate() }
        var best = [(logit: Float, token: Int32)](repeating: (-.infinity, 0), count: rows)
        for first in stride(from: 0, to: vocabulary, by: piece) {
            let range = first..<min(first + piece, vocabulary)
            try outputLogits(range, rows: rows, into: logits)
            for row in 0..<rows {
                let line = logits + row * range.count
                let index = TransformerRows.indexOfGreatest(line, count: range.count)
                if line[index] > best[row].logit {
                    best[row] = (line[index], Int32(first + index))
                }
            }
        }
        return best.map(\.token)
    }
}
