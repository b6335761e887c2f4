import Foundation
import TestSupport
import Testing

/// A target imports only targets of a lower level, and README.md's table says so, too.
struct LevelTests {
    /// `swift package dump-package`, as far as it matters here.
    private struct Manifest: Decodable {
        struct Target: Decodable {
            let name: String
            let type: String
            let dependencies: [Dependency]
        }
        /// `{"byName": ["Tensors", null]}`, or the products of other packages.
        struct Dependency: Decodable {
            let byName: [String?]?
            let target: [String?]?
            var name: String? { (byName ?? target)?.first ?? nil }
        }
        let targets: [Target]
    }

    /// Levels by the comments `// Level 3.` of Package.swift; targets after `// No level` have none.
    private static func levels() throws -> [String: Int] {
        var level: Int?
        var levels: [String: Int] = [:]
        let target = /(?:[tT]arget|systemLibrary)\(\s*name: "([^"]+)"|^\s+name: "([^"]+)"/
        for line in try Repository.lines(of: "Package.swift") {
            if let match = line.firstMatch(of: /\/\/ Level (\d+)/) { level = Int(match.1) }
            if line.contains("// No level") { level = nil }
            if let level, let match = line.firstMatch(of: target),
                let name = match.1 ?? match.2
            {
                levels[String(name)] = level
            }
        }
        return levels
    }

    private static func manifest() throws -> Manifest {
        let folder = TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Its own scratch folder: that of the running test is locked.
        process.arguments = ["swift", "package", "--scratch-path", folder.path, "dump-package"]
        process.currentDirectoryURL = Repository.root
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("VDB_")
        }.merging(["VDB_SERVER": "1"]) { $1 }
        let output = Pipe.uninherited()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.start()
        let json = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(Manifest.self, from: json)
    }

    @Test func dependenciesPointDown() throws {
        let levels = try Self.levels()
        var checked = 0
        for target in try Self.manifest().targets {
            guard let level = levels[target.name] else {
                #expect(
                    target.type == "test" || Self.withoutLevel.contains(target.name),
                    "\(target.name) stands under no level in Package.swift")
                continue
            }
            for dependency in target.dependencies.compactMap(\.name) {
                let other = try #require(
                    levels[dependency],
                    "\(target.name) of level \(level) imports \(dependency), which has none")
                #expect(
                    other < level,
                    "\(target.name) of level \(level) imports \(dependency) of level \(other)")
                checked += 1
            }
        }
        #expect(checked > 30)
    }

    /// What only tests and tools use.
    private static let withoutLevel: Set = [
        "CFaultVFS", "Torture", "vdb-torture", "TestSupport", "TestOracles",
        "TrainingTestSupport", "FuzzTargets", "PostgresTestSupport",
    ]

    @Test func theReadmesTableIsTheManifests() throws {
        var table: [String: Int] = [:]
        for line in try Repository.lines(of: "README.md") {
            guard let row = line.wholeMatch(of: /\| (\d+) \| (.+) \|/), let level = Int(row.1)
            else { continue }
            for name in row.2.split(separator: ", ") { table[String(name)] = level }
        }
        #expect(table == (try Self.levels()))
    }
}
