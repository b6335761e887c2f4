import FileFormat
import JSON
import Foundation
import Tensors
import TestSupport
import Testing

/// A safetensors file in memory from its header's text and its data.
struct SafetensorsBytes {
    var bytes: [UInt8]

    init(header: String, data: [UInt8] = [], claimedLength: UInt64? = nil) {
        let header = Array(header.utf8)
        let length = (claimedLength ?? UInt64(header.count)).littleEndian
        bytes = withUnsafeBytes(of: length) { Array($0) } + header + data
    }

    /// Opens it and returns the error, or nil.
    func error() -> SafetensorsError? {
        bytes.withUnsafeBytes { buffer in
            do throws(SafetensorsError) {
                _ = try SafetensorsFile(bytes: buffer, owner: nil, path: "x")
                return nil
            } catch { return error }
        }
    }
}

@Suite struct SafetensorsTests {
    @Test func writesAndReadsEveryWeightType() throws {
        let folder = TemporaryFolder()
        let path = folder.file("model.safetensors")
        let values: [Float] = [0, -1.5, 65504, 0x1p-24, 3.25, -0]
        let declarations = [
            SafetensorsWriter.Declaration(name: "a\"\n", shape: [2, 3], elementType: .float32),
            SafetensorsWriter.Declaration(name: "half", shape: [6], elementType: .float16),
            SafetensorsWriter.Declaration(name: "brain", shape: [3, 2], elementType: .bfloat16),
            SafetensorsWriter.Declaration(name: "empty", shape: [0, 4], elementType: .float32),
            SafetensorsWriter.Declaration(name: "scalar", shape: [], elementType: .float32),
        ]
        try SafetensorsWriter.write(
            to: path, tensors: declarations, metadata: ["format": "pt", "k": "\\"]
        ) { declaration, put in
            let values =
                declaration.name == "scalar" ? [7] : declaration.shape[0] == 0 ? [] : values
            let halves = values.map(
                declaration.elementType == .float16 ? Float16Bits.bits : BFloat16.bits)
            if declaration.elementType == .float32 {
                try values.withUnsafeBytes { try put($0) }
            } else {
                try halves.withUnsafeBytes { try put($0) }
            }
        }
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "k": "\\"])
        #expect(file.names.sorted() == declarations.map(\.name).sorted())
        #expect(try file.tensor(named: "a\"\n").floats() == values)
        #expect(try file.tensor(named: "a\"\n").shape == [2, 3])
        #expect(try file.tensor(named: "half").floats() == values)
        #expect(try file.tensor(named: "brain").floats() == [0, -1.5, 65536, 0x1p-24, 3.25, -0])
        #expect(try file.tensor(named: "empty").floats() == [])
        #expect(try file.tensor(named: "scalar").floats() == [7])
        #expect(throws: SafetensorsError.noSuchTensor(path: path, tensor: "b")) {
            try file.tensor(named: "b")
        }
    }

    @Test func halfPrecisionRoundTripsEveryPattern() {
        for bits in UInt16.min ... .max {
            let value = Float16Bits.float(bits)
            if value.isNaN {
                #expect(Float16Bits.float(Float16Bits.bits(value)).isNaN)
            } else {
                #expect(Float16Bits.bits(value) == bits)
            }
            let brain = BFloat16.float(bits)
            if brain.isNaN {
                #expect(BFloat16.float(BFloat16.bits(brain)).isNaN)
            } else {
                #expect(BFloat16.bits(brain) == bits)
            }
        }
        // Halfway between two neighbours: to the even one.
        #expect(Float16Bits.bits(1 + 0x1p-11) == Float16Bits.bits(1))
        #expect(Float16Bits.bits(1 + 0x3p-11) == Float16Bits.bits(1 + 0x1p-9))
        #expect(BFloat16.bits(1 + 0x1p-8) == BFloat16.bits(1))
        #expect(BFloat16.bits(1 + 0x3p-8) == BFloat16.bits(1 + 0x1p-6))
        #expect(Float16Bits.bits(65519) == Float16Bits.bits(65504))
        #expect(Float16Bits.float(Float16Bits.bits(65520)) == .infinity)
        #expect(Float16Bits.bits(0x1.ff9p-15) == Float16Bits.bits(0x1p-14) - 1)
    }

    @Test func refusesHostileFiles() {
        func entry(_ name: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
            "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
        }
        func file(_ entries: String..., data: Int) -> SafetensorsBytes {
            SafetensorsBytes(
                header: "{\(entries.joined(separator: ","))}",
                data: [UInt8](repeating: 0, count: data))
        }
        #expect(file(entry("a", "[2]", 0, 8), data: 8).error() == nil)
        #expect(SafetensorsBytes(header: "{}").error() == nil)

        var short = SafetensorsBytes(header: "{}")
        short.bytes.removeLast(4)
        #expect(
            short.error() == .headerTruncated(path: "x", length: 2, available: 0)
                || short.error() == .tooShort(path: "x", bytes: 6))
        #expect(
            SafetensorsBytes(header: "{}", claimedLength: .max).error()
                == .headerTooLong(path: "x", length: .max, maximum: 100_000_000))
        #expect(
            SafetensorsBytes(header: "{}", claimedLength: 3).error()
                == .headerTruncated(path: "x", length: 3, available: 2))
        #expect(
            SafetensorsBytes(header: "[]").error()
                == .headerForm(path: "x", entry: "", expected: "an object"))
        for (header, reason, offset, expected) in [
            ("{", JSONError.Reason.unexpectedEnd, 1, JSONError.Expectation.key),
            ("{} x", .trailingBytes, 3, .end),
            ("{\"a\":1,\"a\":2}", .repeatedKey("a"), 7, .distinctKeys),
            ("{\"a\":01}", .invalidNumber, 5, .numberWithoutLeadingZero),
            (String(repeating: "[", count: 100), .tooDeep(maximum: 32), 32, .nesting),
        ] {
            #expect(
                SafetensorsBytes(header: header).error()
                    == .headerNotJSON(
                        path: "x", JSONError(reason: reason, offset: offset, expected: expected)))
        }
        var invalid = SafetensorsBytes(header: "{\"?\":1}")
        invalid.bytes[10] = 0xFF
        #expect(
            invalid.error()
                == .headerNotJSON(
                    path: "x", JSONError(reason: .notUTF8, offset: 1, expected: .utf8)))

        #expect(
            file(entry("a", "[3]", 0, 8), data: 8).error()
                == .wrongByteCount(path: "x", tensor: "a", expected: 12, found: 8))
        #expect(
            file(entry("a", "[2]", 0, 8), data: 4).error()
                == .offsetsOutside(path: "x", tensor: "a", begin: 0, end: 8, data: 4))
        #expect(
            file(entry("a", "[2]", 8, 0), data: 8).error()
                == .offsetsOutside(path: "x", tensor: "a", begin: 8, end: 0, data: 8))
        #expect(
            file(entry("a", "[2]", -8, 0), data: 8).error()
                == .offsetsOutside(path: "x", tensor: "a", begin: -8, end: 0, data: 8))
        #expect(
            file(entry("a", "[9223372036854775807, 9]", 0, 8), data: 8).error()
                == .shapeOverflow(path: "x", tensor: "a", shape: [.max, 9]))
        #expect(
            file(entry("a", "[-1, -2]", 0, 8), data: 8).error()
                == .shapeOverflow(path: "x", tensor: "a", shape: [-1, -2]))
        #expect(
            file(entry("a", "[2]", 0, 8), entry("b", "[2]", 4, 12), data: 12).error()
                == .overlap(path: "x", first: "a", second: "b"))
        #expect(
            file(entry("a", "[2]", 0, 8), entry("b", "[1]", 12, 16), data: 16).error()
                == .hole(path: "x", before: "b", bytes: 4))
        #expect(
            file(entry("a", "[2]", 0, 8), data: 9).error()
                == .hole(path: "x", before: nil, bytes: 1))
        #expect(
            SafetensorsBytes(
                header: "{\"a\":{\"dtype\":\"F9\",\"shape\":[],\"data_offsets\":[0,0]}}"
            ).error() == .unknownElementType(path: "x", tensor: "a", name: "F9"))
        for bad in ["1", "{}", "{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}"] {
            guard case .headerForm(_, "a", _) = SafetensorsBytes(header: "{\"a\":\(bad)}").error()
            else {
                Issue.record("accepted \(bad)")
                continue
            }
        }
    }

    /// Whatever is cut off or flipped, opening either works or throws: it never traps, and what it
    /// hands out lies within the bytes.
    @Test func survivesDamage() {
        let whole = SafetensorsBytes(
            header: "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                + "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[16,22]}}",
            data: [UInt8](0..<22))
        #expect(whole.error() == nil)
        for length in 0..<whole.bytes.count {
            var cut = whole
            cut.bytes.removeLast(whole.bytes.count - length)
            #expect(cut.error() != nil)
        }
        for position in 0..<whole.bytes.count {
            for bit in 0..<8 {
                var flipped = whole
                flipped.bytes[position] ^= 1 << bit
                flipped.bytes.withUnsafeBytes { buffer in
                    guard let file = try? SafetensorsFile(bytes: buffer, owner: nil, path: "x")
                    else { return }
                    for name in file.names {
                        guard let tensor = try? file.tensor(named: name),
                            let start = tensor.bytes.baseAddress, let base = buffer.baseAddress
                        else { continue }
                        #expect(start >= base && start + tensor.bytes.count <= base + buffer.count)
                    }
                }
            }
        }
    }
}
