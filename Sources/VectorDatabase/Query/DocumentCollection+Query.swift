import DocumentStore

extension DocumentCollection {
    /// Finds the documents nearest to a text.
    ///
    /// ```swift
    /// let answer = try await notes.query("how long do apples keep", limit: 3)
    /// ```
    ///
    /// - Throws: ``DatabaseError``: `collectionMissing`; `embedderMissing` or
    ///   `embedderUnavailable` where the text would have to be encoded and cannot;
    ///   `embedderMismatch`; `invalidArgument`.
    public func query(
        _ text: String, limit: Int = 10, mode: QueryMode? = nil, filter: Filter? = nil
    ) async throws -> Answer {
        try await query(Query(text, limit: limit, mode: mode, filter: filter))
    }

    /// Finds what one query asks for.
    public func query(_ query: Query) async throws -> Answer {
        try await self.query([query])[0]
    }

    /// Answers many queries: texts are encoded together, and searches run on all cores.
    ///
    /// - Returns: an answer to each, in order.
    public func query(_ queries: [Query]) async throws -> [Answer] {
        try await database.asReader { [self] in
            do { return try await answer(queries) } catch {
                // Another process has re-encoded the collection since its record was read.
                guard (error as? StoreError)?.meansReencoded == true else { throw error }
                return try await answer(queries)
            }
        }
    }

    private func answer(_ queries: [Query]) async throws -> [Answer] {
        let record = try requireRecord()
        let plans = try await QueryPlanner(collection: self, record: record).plan(queries)
        let threads = min(database.threadCount, plans.count)
        // A single query searches by vector and by words at the same time; many keep the
        // cores busy by themselves.
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
