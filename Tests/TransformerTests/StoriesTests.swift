import Foundation
import TestSupport
import Testing
import Transformer

/// stories260K, a real model trained on children's stories, from ../shared if it is there.
@Suite struct StoriesTests {
    private struct Reference: Decodable {
        struct Text: Decodable {
            let prompt_ids: [Int32]
            let greedy_ids: [Int32]
        }
        let greedy_200: [Text]
    }

    static let names = ["stories260K", "aidreams260K"]

    @Test(
        .enabled(
            if: names.allSatisfy { SharedData.file("models/\($0).tar.zst") != nil },
            "../shared/data/models has no stories260K.tar.zst and aidreams260K.tar.zst"),
        arguments: names)
    func generatesTheReferenceText(_ name: String) throws {
        let archive = try #require(SharedData.file("models/\(name).tar.zst"))
        let folder = TemporaryFolder()
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "--zstd", "-xf", archive.path, "-C", folder.path]
        try tar.start()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0, "tar cannot unpack \(archive.path)")
        let home = folder.url.appendingPathComponent(name)
        let model = try LanguageModel(folder: home)
        let reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: home.appendingPathComponent("reference.json")))
        for text in reference.greedy_200 {
            let expected = Array(text.greedy_ids.dropFirst(text.prompt_ids.count))
            let generated = try model.generateGreedily(
                after: SequenceInput(tokens: text.prompt_ids), maximumTokens: expected.count)
            #expect(generated == expected)
        }
    }
}
