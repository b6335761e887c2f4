import Storage

extension DocumentCollection {
    /// Finds the documents that best match a text.
    ///
    /// ```swift
    /// let answer = try await notes.query("how long do apples keep", limit: 3)
    /// ```
    ///
    /// - Parameters:
    ///   - text: the question, encoded by the collection's embedder unless the mode is lexical.
    ///   - limit: the most hits, at least 1.
    ///   - mode: `nil` for hybrid if the collection has vectors of an embedder, else lexical.
    ///   - filter: only documents that match are considered.
    /// - Throws: ``DatabaseError``: `collectionMissing`; `embedderMissing`, `embedderUnavailable`,
    ///   `embedderMismatch` or `encodingFailed` if the text must be encoded and cannot be;
    ///   `wordsOnly`; `outOfRange`; `filterTooLarge`. Also `CancellationError`.
    public func query(
        _ text: String, limit: Int = 10, mode: QueryMode? = nil, filter: Filter? = nil
    ) async throws -> Answer {
        try await query(Query(text, limit: limit, mode: mode, filter: filter))
    }

    /// Answers one query.
    ///
    /// - Throws: ``DatabaseError``, as ``query(_:limit:mode:filter:)``; `textNeeded`,
    ///   `cannotRerank`, `cannotCompareTokens`, `invalidVector` or `dimensionMismatch` if the query is
    ///   inconsistent.
    public func query(_ query: Query) async throws -> Answer {
        try await self.query([query])[0]
    }

    /// Answers many queries. Texts are encoded in batches, and searches run on all cores.
    ///
    /// - Returns: the answers, in the order of the queries.
    /// - Throws: as for one query; one failure fails the whole call.
    public func query(_ queries: [Query]) async throws -> [Answer] {
        try await database.asReader { [self] in
            do { return try await answer(queries) } catch {
                // Another process re-encoded the collection after its record was read.
                guard (error as? StoreError)?.meansReencoded == true else { throw error }
                return try await answer(queries)
            }
        }
    }

    private func answer(_ queries: [Query]) async throws -> [Answer] {
        let record = try requireRecord()
        let plans = try await QueryPlanner(collection: self, record: record).plan(queries)
        let threads = min(database.options.threadCount, plans.count)
        // A single query searches vectors and words in parallel; many keep the cores busy by
        // themselves.
        guard threads > 1 else {
            var answers: [Answer] = []
            for plan in plans {
                answers.append(
                    try await QueryRun(collection: self, record: record, plan: plan)
                        .answer(inParallel: plans.count == 1))
            }
            return answers
        }
        return try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            var answers = [Answer?](repeating: nil, count: plans.count)
            var next = 0
            func startNext() {
                guard next < plans.count else { return }
                let index = next
                let run = QueryRun(collection: self, record: record, plan: plans[index])
                group.addTask { (index, try await run.answer(inParallel: false)) }
                next += 1
            }
            for _ in 0..<threads { startNext() }
            while let (index, answer) = try await group.next() {
                answers[index] = answer
                startNext()
            }
            return answers.compactMap { $0 }
        }
    }
}

extension StoreError {
    fileprivate var meansReencoded: Bool {
        switch self {
        case .fingerprintMismatch, .dimensionMismatch: true
        default: false
        }
    }
}
