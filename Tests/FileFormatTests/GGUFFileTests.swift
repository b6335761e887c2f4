import FileFormat
import Foundation
import TestSupport
import Testing

/// What the reader takes, and that it refuses everything else with an error of its own.
@Suite struct GGUFFileTests {
    private static let path = "model.gguf"

    private func open(_ bytes: [UInt8]) throws -> GGUFFile {
        // Exactly as many bytes as there are, so that a sanitizer sees a read past the end.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        return try GGUFFile(
            bytes: UnsafeRawBufferPointer(memory), owner: Memory(memory), path: Self.path)
    }

    private final class Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
        init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
        deinit { bytes.deallocate() }
    }

    private func refusal(_ builder: GGUFBuilder) -> GGUFError? { refusal(builder.file) }

    private func refusal(_ bytes: [UInt8]) -> GGUFError? {
        do {
            _ = try open(bytes)
            return nil
        } catch { return error as? GGUFError }
    }

    private var sound: GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", "llama")
        builder.add("a.count", 7 as UInt32)
        builder.add("a.rate", 0.5 as Float)
        builder.add("a.flag", true)
        builder.add("a.words", ["one", "", "drei"])
        builder.add("a.numbers", [3, -4])
        builder.addTensor("x", sizes: [2, 3], (0..<6).map(Float.init))
        builder.addTensor("y", sizes: [32], type: 8, bytes: Array(repeating: 1, count: 34))
        return builder
    }

    @Test(arguments: [2, 3] as [UInt32]) func reads(version: UInt32) throws {
        var builder = sound
        builder.version = version
        let file = try open(builder.file)
        #expect(file.version == Int(version))
        let metadata = file.metadata
        #expect(
            metadata.keys == [
                "general.architecture", "a.count", "a.rate", "a.flag", "a.words", "a.numbers",
            ])
        #expect(try metadata.string("general.architecture") == "llama")
        #expect(try metadata.integer("a.count", in: 0...9) == 7)
        #expect(try metadata.number("a.rate", in: 0...1) == 0.5)
        #expect(try metadata.bool("a.flag") == true)
        let words = try #require(try metadata.strings("a.words"))
        #expect((0..<words.count).map { words.string($0).text } == ["one", "", "drei"])
        #expect(try metadata.integers("a.numbers") == [3, -4])
        #expect(try metadata.string("absent") == nil)
        #expect(throws: GGUFError.self) { try metadata.string("a.count") }
        #expect(throws: GGUFError.self) { try metadata.integer("a.count", in: 0...6) }

        #expect(file.tensors.map(\.name) == ["x", "y"])
        #expect(file.tensors[0].shape == [3, 2])
        let floats = (0..<6).map {
            file.tensors[0].bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
        }
        #expect(floats == (0..<6).map(Float.init))
        #expect(file.tensors[1].elementType == .q8_0)
        #expect(file.tensors[1].bytes.count == 34)
    }

    @Test func refusesOtherFiles() {
        #expect(refusal([]) == .notGGUF(path: Self.path))
        #expect(refusal(Array("GGML1234567890123456".utf8)) == .notGGUF(path: Self.path))
        var builder = sound
        builder.version = 1
        #expect(refusal(builder) == .unsupportedVersion(path: Self.path, version: 1))
        builder.version = UInt32(3).byteSwapped
        #expect(refusal(builder) == .bigEndian(path: Self.path))
    }

    @Test func refusesEveryTruncation() throws {
        let whole = sound.file
        for length in 0..<whole.count {
            #expect(refusal(Array(whole[..<length])) != nil, "\(length) of \(whole.count) bytes")
        }
    }

    /// No change of a byte may trap; what is still taken lies inside of the file.
    @Test func survivesEveryChangedByte() throws {
        let whole = sound.file
        for index in whole.indices {
            for bit in [0, 3, 7] {
                var bytes = whole
                bytes[index] ^= UInt8(1 << bit)
                guard let file = try? open(bytes) else { continue }
                let sum = file.tensors.reduce(0) { $0 + $1.bytes.count }
                #expect(sum <= bytes.count)
            }
        }
    }

    @Test(arguments: [UInt64.max, UInt64(Int.max), 1 << 40, 1000])
    func refusesImpossibleCounts(count: UInt64) {
        var builder = sound
        builder.tensorCount = count
        #expect(refusal(builder) != nil)
        builder = sound
        builder.valueCount = count
        #expect(refusal(builder) != nil)
        builder = sound
        builder.add("long", type: 8, value: GGUFBuilder.bytes(count))
        #expect(refusal(builder) != nil)
        for type in 0...12 as ClosedRange<UInt32> where type != 9 {
            builder = sound
            builder.add(
                "array", type: 9, value: GGUFBuilder.bytes(type) + GGUFBuilder.bytes(count))
            #expect(refusal(builder) != nil, "an array of type \(type)")
        }
    }

    @Test func readsAndBoundsNestedArrays() throws {
        let inner =
            GGUFBuilder.bytes(5 as UInt32) + GGUFBuilder.bytes(1 as UInt64)
            + GGUFBuilder.bytes(9 as Int32)
        func nested(_ depth: Int) -> [UInt8] {
            depth == 1
                ? inner
                : GGUFBuilder.bytes(9 as UInt32) + GGUFBuilder.bytes(1 as UInt64)
                    + nested(depth - 1)
        }
        var builder = sound
        builder.add("deep", type: 9, value: nested(2))
        let file = try open(builder.file)
        #expect(file.metadata["deep"]?.array?[0].array?.integers == [9])
        builder = sound
        builder.add("deep", type: 9, value: nested(5000))
        #expect(refusal(builder) == .nestedTooDeep(path: Self.path, key: "deep"))
    }

    @Test func refusesBadValuesAndNames() {
        var builder = sound
        builder.add("a.flag2", type: 7, value: [2])
        #expect(refusal(builder) == .badBoolean(path: Self.path, key: "a.flag2", value: 2))
        builder = sound
        builder.add("odd", type: 13, value: [])
        #expect(refusal(builder) == .unknownValueType(path: Self.path, key: "odd", number: 13))
        builder = sound
        builder.add("a.count", 8 as UInt32)
        #expect(refusal(builder) == .duplicateKey(path: Self.path, key: "a.count"))
        for name in ["", "caf\u{E9}", "a\nb", String(repeating: "k", count: 70_000)] {
            builder = sound
            builder.add(name, 1 as UInt32)
            guard case .badName = refusal(builder) else {
                Issue.record("key \(name.prefix(9))")
                continue
            }
        }
    }

    @Test func checksTheAlignment() throws {
        for alignment in [0, 3, 48, UInt32.max] as [UInt32] {
            var builder = sound
            builder.add("general.alignment", alignment)
            guard case .badAlignment = refusal(builder) else {
                Issue.record("alignment \(alignment)")
                continue
            }
        }
        var builder = GGUFBuilder()
        builder.alignment = 8
        builder.add("general.alignment", 8 as UInt32)
        builder.addTensor("x", sizes: [1], [1])
        builder.addTensor("y", sizes: [1], [2])
        let tensors = try open(builder.file).tensors
        #expect(tensors[1].bytes.loadUnaligned(as: Float.self) == 2)
    }

    @Test func checksTheTable() {
        func adding(
            _ name: String, _ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 128
        ) -> GGUFError? {
            var builder = sound
            builder.addEntry(name, sizes: sizes, type: type, offset: offset)
            return refusal(builder)
        }
        #expect(adding("x", [1]) == .duplicateTensor(path: Self.path, tensor: "x"))
        #expect(
            adding("z", [1], type: 77)
                == .unknownElementType(path: Self.path, tensor: "z", number: 77))
        #expect(adding("z", []) == .badShape(path: Self.path, tensor: "z", shape: []))
        for sizes in [
            [0], [1, 0], [UInt64.max], [1 << 32, 1 << 32], [1 << 62, 2],
            [1 << 40, 1 << 40, 1 << 40, 1 << 40],
        ] as [[UInt64]] {
            guard case .badShape = adding("z", sizes) else {
                Issue.record("\(sizes)")
                continue
            }
        }
        // Not a whole number of blocks.
        #expect(
            adding("z", [33, 32], type: 8)
                == .badShape(path: Self.path, tensor: "z", shape: [33, 32]))
        for offset in [1, 1 << 20, UInt64.max, UInt64(Int.max) - 31] as [UInt64] {
            guard case .badOffset = adding("z", [1], offset: offset) else {
                Issue.record("offset \(offset)")
                continue
            }
        }
        #expect(
            adding("z", [1], offset: 0) == .overlap(path: Self.path, first: "x", second: "z")
                || adding("z", [1], offset: 0)
                    == .overlap(path: Self.path, first: "z", second: "x")
        )
        guard case .badName? = adding(String(repeating: "n", count: 65), [1]) else {
            Issue.record("a long name")
            return
        }
    }

    // MARK: Parts

    private func part(_ number: UInt32, of count: UInt32, tensor: String) -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("split.no", number)
        builder.add("split.count", count)
        builder.add("split.tensors.count", 2 as UInt32)
        builder.addTensor(tensor, sizes: [1], [Float(number)])
        return builder
    }

    @Test func opensAllParts() throws {
        let scratch = TemporaryFolder()
        func write(_ name: String, _ builder: GGUFBuilder) throws -> String {
            let path = scratch.path + "/" + name
            try Data(builder.file).write(to: URL(fileURLWithPath: path))
            return path
        }
        let first = try write("m-00001-of-00002.gguf", part(0, of: 2, tensor: "a"))
        #expect(throws: GGUFError.self) { try GGUFFileSet(path: first) }
        let second = try write("m-00002-of-00002.gguf", part(1, of: 2, tensor: "b"))
        for path in [first, second] {
            let set = try GGUFFileSet(path: path)
            #expect(set.tensors.map(\.name) == ["a", "b"])
            #expect(set.tensor(named: "b")?.bytes.loadUnaligned(as: Float.self) == 1)
        }
        _ = try write("m-00002-of-00002.gguf", part(0, of: 2, tensor: "b"))
        #expect(throws: GGUFError.self) { try GGUFFileSet(path: first) }
        _ = try write("m-00002-of-00002.gguf", part(1, of: 2, tensor: "a"))
        #expect(throws: GGUFError.duplicateTensor(path: first, tensor: "a")) {
            try GGUFFileSet(path: first)
        }
        let other = try write("renamed.gguf", part(0, of: 2, tensor: "a"))
        #expect(throws: GGUFError.badSplitName(path: other, count: 2)) {
            try GGUFFileSet(path: other)
        }
    }
}
