extension LanguageModel {
    /// Generates greedily: each next token is the most probable one, or the one with the lowest id
    /// if several are.
    ///
    /// - Parameters:
    ///   - input: must not be empty.
    ///   - stopping: ids that end the text; they are not part of the result.
    ///   - isCancelled: asked before each token; returning true throws `ModelError.cancelled`.
    package func generateGreedily(
        after input: SequenceInput, maximumTokens: Int, stopping: Set<Int32> = [],
        isCancelled: () -> Bool = { false }
    ) throws(ModelError) -> [Int32] {
        let cache = KeyValueCache(configuration, capacity: input.length + min(maximumTokens, 256))
        let pass = makePass()
        var generated: [Int32] = []
        var next = input
        let state = UnsafeMutablePointer<Float>.allocate(capacity: configuration.hiddenSize)
        defer { state.deallocate() }
        while generated.count < maximumTokens {
            if isCancelled() { throw .cancelled }
            do throws(ModelError) {
                try pass.run([next], selecting: .last(1), cache: cache, into: state)
                let token = try pass.mostProbable(state: state)
                if stopping.contains(token) { return generated }
                generated.append(token)
                next = SequenceInput(tokens: [token])
            } catch { throw locate(error) }
        }
        return generated
    }
}

extension ForwardPass {
    /// The id with the greatest logit for one state `[H]`.
    func mostProbable(state: UnsafePointer<Float>) throws(ModelError) -> Int32 {
        let vocabulary = try output.outputs
        try loadOutputInput(
            UnsafeBufferPointer(start: state, count: configuration.hiddenSize), rows: 1)
        let piece = min(Self.vocabularyPiece, vocabulary)
        let logits = UnsafeMutablePointer<Float>.allocate(capacity: piece)
        defer { logits.deallocate() }
        var (best, token) = (-Float.infinity, Int32(0))
        for first in stride(from: 0, to: vocabulary, by: piece) {
            let range = first..<min(first + piece, vocabulary)
            try outputLogits(range, rows: 1, into: logits)
            for index in 0..<range.count where logits[index] > best {
                (best, token) = (logits[index], Int32(first + index))
            }
        }
        return token
    }
}
