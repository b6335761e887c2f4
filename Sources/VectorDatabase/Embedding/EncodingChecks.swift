/// What every vector must be before it is compared or stored.
enum VectorCheck {
    /// The squared length that no vector may exceed. Of two that do not, inner product and squared
    /// distance are finite in float32, also while they are summed up: |q · d| ≤ |q| |d| (Cauchy and
    /// Schwarz) and |q - d|² ≤ (|q| + |d|)².
    static let largestSquare = Float.greatestFiniteMagnitude / 8

    /// - Throws: `dimensionMismatch` or `invalidVector`, with `subject` as whose it is.
    static func check(_ vector: [Float], dimensions: Int?, of subject: String) throws {
        if vector.isEmpty {
            throw DatabaseError.invalidVector(of: subject, fault: .empty)
        }
        if let dimensions, vector.count != dimensions {
            throw DatabaseError.dimensionMismatch(
                of: subject, expected: dimensions, found: vector.count)
        }
        // Not a number and infinity fail the comparison, too: one pass without branches.
        var square: Float = 0
        for value in vector { square += value * value }
        guard square <= largestSquare else {
            if let index = vector.firstIndex(where: { !$0.isFinite }) {
                throw DatabaseError.invalidVector(of: subject, fault: .notFinite(index: index))
            }
            throw DatabaseError.invalidVector(of: subject, fault: .tooLong)
        }
    }
}

/// Calls an embedder and holds it to its contract.
enum EncodingCheck {
    /// - Throws: `encodingFailed` where it throws, or answers with another number of embeddings.
    static func embed(
        _ texts: [String], with embedder: any Embedder,
        _ call: ([String]) async throws -> [EncodedText]
    ) async throws -> [EncodedText] {
        let name = "'\(embedder.identity.name)'"
        let embeddings: [EncodedText]
        do { embeddings = try await call(texts) } catch is CancellationError {
            throw CancellationError()
        } catch let error as DatabaseError { throw error } catch {
            try Task.checkCancellation()
            throw DatabaseError.encodingFailed(embedder: name, reason: "\(error)")
        }
        guard embeddings.count == texts.count else {
            throw DatabaseError.encodingFailed(
                embedder: name,
                reason: "it gave \(embeddings.count) vectors for \(texts.count) texts")
        }
        return embeddings
    }
}
