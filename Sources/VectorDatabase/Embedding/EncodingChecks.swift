/// Validates vectors before they are compared or stored.
enum VectorCheck {
    /// The largest squared length of a vector. Within it, inner products and squared distances are
    /// finite in float32, partial sums included: |q · d| ≤ |q| |d| (Cauchy-Schwarz) and |q - d|² ≤
    /// (|q| + |d|)².
    static let largestSquare = Float.greatestFiniteMagnitude / 8

    /// - Throws: `dimensionMismatch` or `invalidVector`, with `subject` as the owner of the vector.
    static func check(_ vector: [Float], dimensions: Int?, of subject: String) throws {
        if vector.isEmpty {
            throw DatabaseError.invalidVector(of: subject, fault: .empty)
        }
        if let dimensions, vector.count != dimensions {
            throw DatabaseError.dimensionMismatch(
                of: subject, expected: dimensions, found: vector.count)
        }
        // NaN and infinity fail the comparison, too, so this is one pass without branches.
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

/// Calls an embedder and checks that it keeps its contract.
enum EncodingCheck {
    /// - Throws: `encodingFailed` if it throws or returns another number of embeddings.
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
