import Foundation
import Tensors
import TestSupport
import Testing
import VectorMath

/// Encoded weights against the gguf package's: `Fixtures/make_blocks.py`.
struct BlockEncoderTests {
    private struct Fixture: Decodable {
        let weights: Data
        let Q8_0: Data
        let Q4_0: Data
        let BF16: Data
        let F16: Data
        /// The error of a plain Q4_K encoder, for each row.
        let plain: [Double]
    }

    private let fixture: Fixture
    private let weights: [Float]

    init() throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "blocks", withExtension: "json", subdirectory: "Fixtures"))
        let decoder = JSONDecoder()
        decoder.dataDecodingStrategy = .base64
        fixture = try decoder.decode(Fixture.self, from: Data(contentsOf: url))
        weights = fixture.weights.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
            }
        }
    }

    private func encoded(_ type: ElementType, _ weights: [Float]) -> [UInt8]? {
        weights.withUnsafeBufferPointer { BlockEncoder.encode($0, as: type) }
    }

    @Test func equalsTheReference() {
        #expect(encoded(.q8_0, weights) == Array(fixture.Q8_0))
        #expect(encoded(.q4_0, weights) == Array(fixture.Q4_0))
        #expect(encoded(.bfloat16, weights) == Array(fixture.BF16))
        #expect(encoded(.float16, weights) == Array(fixture.F16))
        #expect(encoded(.float32, weights) == Array(fixture.weights))
    }

    /// Q4_K comes back, by the kernels that read it, at least as near as from a plain encoder, within a
    /// percent: large weights count more than small ones.
    @Test func q4_KIsNear() throws {
        #expect(fixture.plain.count == weights.count / 256)
        for (row, plain) in fixture.plain.enumerated() {
            let row = Array(weights[row * 256..<(row + 1) * 256])
            let bytes = try #require(encoded(.q4_k, row))
            #expect(bytes.count == BlockType.q4_k.bytesPerBlock)
            let back = bytes.withUnsafeBytes { BlockType.q4_k.dequantize($0) }
            let squares = zip(row, back).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
            #expect((squares / 256).squareRoot() <= plain * 1.01 + 1e-6, "\(row.prefix(3))")
        }
    }

    @Test(arguments: BlockEncoder.types) func refusesWhatCannotBeStored(_ type: ElementType) {
        for odd in [Float.nan, .infinity, -.infinity] {
            var row = [Float](repeating: 1, count: 256)
            row[77] = odd
            #expect(encoded(type, row) == nil)
        }
        var large = [Float](repeating: 0, count: 256)
        large[3] = 1e38
        #expect((encoded(type, large) == nil) == ![.float32, .bfloat16].contains(type))
        // No number traps, however small.
        for tiny in [Float.leastNonzeroMagnitude, .leastNormalMagnitude, -1e-30] {
            #expect(encoded(type, [Float](repeating: tiny, count: 256)) != nil)
        }
    }
}
