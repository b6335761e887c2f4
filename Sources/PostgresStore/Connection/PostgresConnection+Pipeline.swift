import CPostgres

extension PostgresConnection {
    /// Runs statements in one round trip, in one transaction: their own if they begin and end one.
    ///
    /// - Returns: the answer to each.
    /// - Throws: the error of the first that failed; those after it are not run.
    package func pipeline(
        _ statements: [PostgresStatement]
    ) throws(PostgresError) -> [PostgresResult] {
        roundTrips += 1
        guard functions.enterPipelineMode(connection) == 1 else { throw lost() }
        let answers: [PostgresResult]
        do throws(PostgresError) {
            answers = try sendAll(statements)
        } catch {
            _ = functions.exitPipelineMode(connection)
            rollBack()
            throw error
        }
        guard functions.exitPipelineMode(connection) == 1 else { throw lost() }
        return answers
    }

    private func sendAll(
        _ statements: [PostgresStatement]
    ) throws(PostgresError) -> [PostgresResult] {
        for statement in statements { try send(statement) }
        guard functions.pipelineSync(connection) == 1 else { throw lost() }
        try flush()
        var answers: [PostgresResult] = []
        var failure: PostgresError?
        for _ in statements {
            var last: PostgresResult?
            while let result = try next() {
                if result.status == LIBPQ_PIPELINE_ABORTED { continue }
                if let refusal = refusal(of: result) { failure = failure ?? refusal }
                last = result
                if functions.status(connection) != LIBPQ_CONNECTION_OK { throw lost() }
            }
            if let last { answers.append(last) }
        }
        // The answer to the end of the pipeline.
        guard try next()?.status == LIBPQ_PIPELINE_SYNC else { throw failure ?? lost() }
        if let failure { throw failure }
        return answers
    }
}
