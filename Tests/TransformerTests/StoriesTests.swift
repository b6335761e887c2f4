import Foundation
import Testing
import Transformer

/// stories260K, a real model trained on children's stories, from ../shared where it is there.
@Suite struct StoriesTests {
    private struct Reference: Decodable {
        struct Text: Decodable {
            let prompt_ids: [Int32]
            let greedy_ids: [Int32]
        }
        let greedy_200: [Text]
    }

    @Test(arguments: ["stories260K", "aidreams260K"])
    func generatesTheReferenceText(_ name: String) throws {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        var archive = folder
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: archive.path)
                || archive == folder
        {
            folder.deleteLastPathComponent()
            archive = folder.appendingPathComponent("shared/data/models/\(name).tar.zst")
        }
        guard FileManager.default.fileExists(atPath: archive.path) else {
            print("skipped: \(name).tar.zst is not in ../shared/data/models")
            return
        }
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("stories-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "--zstd", "-xf", archive.path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        guard tar.terminationStatus == 0 else {
            print("skipped: tar cannot unpack \(archive.path)")
            return
        }
        let home = folder.appendingPathComponent(name)
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
