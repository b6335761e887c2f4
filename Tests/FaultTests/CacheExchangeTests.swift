import TestSupport
import Testing
import Torture

/// Cache files that are not the database's own; see `CacheExchange`.
struct CacheExchangeTests {
    @Test func filesOfAnotherMomentOrDatabaseArePassedOver() async throws {
        let scratch = TemporaryFolder()
        var exchange = CacheExchange(folder: scratch.path, seed: RandomSource.seed(8))
        try await exchange.prepare()
        for (caches, database) in [
            (CacheExchange.State.early, .late), (.late, .early), (.apart, .late), (.late, .apart),
            (.other, .late), (.late, .other), (.future, .late),
        ] as [(CacheExchange.State, CacheExchange.State)] {
            // Each by itself takes longer than a test may: `vdb-torture rot`.
            #expect(try await exchange.run(caches, beside: database, subsets: [3, 12, 15]) == 3)
        }
    }
}
