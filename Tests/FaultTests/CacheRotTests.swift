import Foundation
import TestSupport
import Testing
import Torture

/// Bits that flip in cache files, and files that are cut anywhere; `RotTests` has the database's own file.
///
/// Opening a cache file reads its first page and its trailer; the rest is compared with its checksums
/// by `vdb check` and before a writer builds on it, not at every query. So damage there may cost
/// answers until then, but never more than that: nothing crashes, and no hit is anything but a
/// stored document.
struct CacheRotTests {
    static let suffixes = ["-index", "-vectors", "-lexical", "-lexical-recent"]

    @Test(arguments: CacheRotTests.suffixes)
    func flippedBitsAreFoundAndRepaired(suffix: String) async throws {
        let scratch = TemporaryFolder()
        var rot = CacheRot(folder: scratch.path, seed: RandomSource.seed(6))
        let summary = try await rot.flip(suffix: suffix, times: 4)
        // Sections are padded to pages; most of a small file is padding, most of its trailer too.
        #expect(summary.found > 0)
    }

    @Test(arguments: CacheRotTests.suffixes)
    func cutFilesArePassedOver(suffix: String) async throws {
        let scratch = TemporaryFolder()
        var rot = CacheRot(folder: scratch.path, seed: RandomSource.seed(7))
        let summary = try await rot.cut(suffix: suffix, times: 3)
        #expect(summary.found == 3)
    }
}
