import AutoRegEmbed
import Embedding
import Foundation
import Testing

/// Models opened again by what a database recorded of them.
struct RecordedModelFinderTests {
    @Test func theFolderIsOpenedAsItWas() throws {
        var options = AutoRegEmbedder.Options()
        options.pooling = .mean
        options.precision = .bfloat16
        options.maximumLength = 77
        options.instructions = ["next": "Which text answers this?", "self": nil]
        let folder = try EmbedderFixture.folder("base")
        let first = try AutoRegEmbedder(folder: folder, options: options)
        let again = try RecordedModelFinder().find(first.identity)
        #expect(again?.identity == first.identity)
        #expect(first.identity.settings["max_length"] == 77)
        #expect(
            first.identity.settings["instructions"]
                == ["next": "Which text answers this?", "self": .null])
        let found = try #require(again as? AutoRegEmbedder)
        for instruction: Instruction in [.next, .self_] {
            #expect(
                found.inputTokens("a wing", instruction: instruction)
                    == first.inputTokens("a wing", instruction: instruction))
        }
        #expect(
            found.inputTokens("a wing", instruction: .self_)
                == found.inputTokens("a wing", instruction: .none))
    }

    @Test func thePrecisionGivenIsPreferred() throws {
        let recorded = try AutoRegEmbedder(folder: EmbedderFixture.folder("base")).identity
        var finder = RecordedModelFinder()
        finder.options.precision = .bfloat16
        finder.options.threads = 1
        let found = try #require(try finder.find(recorded) as? AutoRegEmbedder)
        #expect(found.precision == .bfloat16)
    }

    @Test func aFolderThatCannotBeLoadedIsNamed() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let recorded = try AutoRegEmbedder(folder: folder).identity
        var finder = RecordedModelFinder()
        try Data("{".utf8).write(to: folder.appendingPathComponent("config.json"))
        for isMissing in [false, true] {
            if isMissing { try FileManager.default.removeItem(at: folder) }
            let error = #expect(throws: EmbedderUnavailable.self) { try finder.find(recorded) }
            #expect(error?.path == folder.standardizedFileURL.path)
        }
        // One that is gone may have been a copy of the built-in model.
        finder.builtIn = { options in
            try AutoRegEmbedder(folder: EmbedderFixture.folder("base"), options: options)
        }
        #expect(try finder.find(recorded)?.identity.fingerprint == recorded.fingerprint)
        finder.builtIn = { options in
            try AutoRegEmbedder(folder: EmbedderFixture.folder("lora"), options: options)
        }
        #expect(try finder.find(recorded) == nil)
    }

    @Test func aCollectionWithoutAModelGetsTheBuiltInOne() throws {
        var finder = RecordedModelFinder()
        #expect(try finder.find(nil) == nil)
        finder.builtIn = { options in
            try AutoRegEmbedder(folder: EmbedderFixture.folder("base"), options: options)
        }
        #expect(try finder.find(nil)?.identity.name == "base")
    }

    @Test func settingsThatMakeNoSenseAreLeftToTheFolder() throws {
        let options = AutoRegEmbedder.Options(recorded: [
            "precision": "float7", "pooling": 3, "max_length": "long", "unknown": true,
        ])
        #expect(options.precision == nil && options.pooling == nil)
        #expect(options.maximumLength == nil)
    }
}
