#if os(Linux)
    import FileFormat
    import Foundation
    import TestSupport
    import Testing

    struct FolderEventsTests {
        private let folder = TemporaryFolder()

        @Test func changesThatMatterAreTold() async throws {
            let events = try FolderEvents { $0.first != UInt8(ascii: ".") }
            let path = Array(folder.path.utf8)
            #expect(try events.watch([path]) == .new)
            #expect(try events.watch([path]) == .unchanged)
            let began = events.lastChange
            try folder.write(".hidden", "x")
            try folder.write("a", "x")
            for await _ in events.changes { break }
            #expect(events.lastChange > began)
            try folder.move("a", "b")
            for await _ in events.changes { break }
            // A folder inside is watched once it is named.
            try folder.write("sub/c", "x")
            for await _ in events.changes { break }
            #expect(try events.watch([path, Array(folder.file("sub").utf8)]) == .new)
            try folder.write("sub/c", "y")
            for await _ in events.changes { break }
            // And the end of a wait.
            let waiting = Task { for await _ in events.changes {} }
            waiting.cancel()
            await waiting.value
        }

        /// A folder that is moved away is not waited for: nothing would tell that it is back.
        @Test func foldersThatDoNotExist() throws {
            let events = try FolderEvents { _ in true }
            try folder.write("sub/c", "x")
            let path = Array(folder.file("sub").utf8)
            #expect(try events.watch([path]) == .new)
            try folder.move("sub", "away")
            #expect(try events.watch([path]) == .missing)
            #expect(try events.watch([path]) == .missing)
            try folder.move("away", "sub")
            #expect(try events.watch([path]) == .new)
            try folder.write("c", "x")
            #expect(try events.watch([path, Array(folder.file("c").utf8)]) == .missing)
        }
    }
#endif
