import AutoRegEmbed
import Foundation
import Testing
import Transformer

@Suite struct FingerprintCacheTests {
    @Test func readsTheWeightsOnlyWhenTheyChanged() throws {
        let model = try EmbedderFixture.copy("base")
        let home = model.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: home) }
        let cache = FingerprintCache(folder: home.appendingPathComponent("cache"))
        var readings = 0
        func fingerprint() throws -> String {
            let checkpoint = try Checkpoint(folder: model)
            return cache.fingerprint(of: checkpoint) {
                readings += 1
                return Fingerprint.weights(of: checkpoint)
            }
        }
        let first = try fingerprint()
        #expect(try fingerprint() == first && readings == 1)

        let weights = model.appendingPathComponent("model.safetensors")
        var data = try Data(contentsOf: weights)
        data[data.count - 1] ^= 1
        try data.write(to: weights)
        #expect(try fingerprint() != first && readings == 2)

        for entry in try FileManager.default.contentsOfDirectory(
            at: cache.folder, includingPropertiesForKeys: nil)
        {
            try Data("not a fingerprint".utf8).write(to: entry)
        }
        _ = try fingerprint()
        #expect(readings == 3)

        let nowhere = FingerprintCache(folder: URL(fileURLWithPath: "/proc/no/such/folder"))
        let checkpoint = try Checkpoint(folder: model)
        let found = nowhere.fingerprint(of: checkpoint) { Fingerprint.weights(of: checkpoint) }
        #expect(found == Fingerprint.weights(of: checkpoint).hexadecimal)
    }
}
