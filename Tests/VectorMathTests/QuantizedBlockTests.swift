import Foundation
import Testing
import VectorMath

/// Blocks are compared with the output of PyPI's `gguf` package
/// (Fixtures/make_quantized_blocks.py).
@Suite struct QuantizedBlockTests {
    private struct Sample: Decodable {
        let bytes: String
        let values: String
    }

    private func sample(of type: BlockType) throws -> (bytes: [UInt8], values: [Float]) {
        let url = try #require(
            Bundle.module.url(
                forResource: "quantized-blocks", withExtension: "json", subdirectory: "Fixtures"))
        let samples = try JSONDecoder().decode(
            [String: Sample].self, from: Data(contentsOf: url))
        let sample = try #require(samples[type.name])
        let values = Self.bytes(sample.values)
        return (
            Self.bytes(sample.bytes),
            stride(from: 0, to: values.count, by: 4).map { start in
                Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(values[start + $1]) << ($1 * 8) })
            }
        )
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    @Test(arguments: BlockType.allCases)
    func referenceEqualsTheFormatsOwn(_ type: BlockType) throws {
        let (bytes, values) = try sample(of: type)
        #expect(bytes.count / type.bytesPerBlock * type.weightsPerBlock == values.count)
        #expect(QuantizedBlocks.reference(type, bytes) == values)
    }

    /// The kernel may fuse a product and a sum, so it may differ by the product's rounding.
    @Test(arguments: BlockType.allCases)
    func kernelEqualsReference(_ type: BlockType) throws {
        let (bytes, values) = try sample(of: type)
        // At an odd address, since no alignment is assumed.
        let found = ([0] + bytes).withUnsafeBytes {
            type.dequantize(UnsafeRawBufferPointer(rebasing: $0.dropFirst()))
        }
        #expect(found.count == values.count)
        for start in stride(from: 0, to: values.count, by: type.weightsPerBlock) {
            let block = start..<start + type.weightsPerBlock
            let largest = values[block].map(abs).max() ?? 0
            for (a, b) in zip(found[block], values[block]) where a != b {
                #expect(abs(a - b) <= 2e-7 * largest)
            }
        }
    }

    @Test func countsThatAreNoWholeBlocks() {
        #expect(BlockType.q4_0.byteCount(of: 64) == 36)
        #expect(BlockType.q4_0.byteCount(of: 48) == nil)
        #expect(BlockType.q6_k.byteCount(of: 512) == 420)
        #expect(BlockType.q6_k.byteCount(of: -256) == nil)
        #expect(BlockType.float32.byteCount(of: 3) == 12)
        #expect(BlockType.float32.byteCount(of: .max) == nil)
    }
}
