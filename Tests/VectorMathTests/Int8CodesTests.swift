import Testing
import VectorMath

@Suite struct Int8CodesTests {
    static func encode(_ vector: [Float]) -> (codes: [UInt8], scale: Float) {
        var codes = [UInt8](repeating: 7, count: Int8Codes.paddedCount(vector.count))
        let bits = vector.withUnsafeBufferPointer { vector in
            codes.withUnsafeMutableBufferPointer {
                Int8Codes.encode(vector, into: $0.baseAddress!)
            }
        }
        return (codes, Int8Codes.value(ofScale: bits))
    }

    @Test(arguments: [Float(1), 1e-30, 1e30, 3e38, 37.5])
    func codesAreWithinHalfAScale(_ size: Float) {
        let vector: [Float] = (0..<100).map { Float(($0 * 7919) % 200 - 100) / 101 * size }
        let (codes, scale) = Self.encode(vector)
        #expect(codes == Int8Codes.encodeReference(vector).codes)
        for (component, code) in zip(vector, codes) {
            #expect(abs(Float(Int(code) - 128) * scale - component) <= scale * 0.5001)
        }
        // A bfloat16 has 8 bits: the scale is hardly larger than it must be.
        let largest = vector.map(abs).max()!
        #expect(scale * 127 >= largest * 0.999999 && scale * 127 <= largest * 1.009)
    }

    @Test func paddingAndZeroVectorsAreZeroCodes() {
        #expect(Self.encode([0, 0, 0]).codes.allSatisfy { $0 == Int8Codes.zeroCode })
        #expect(Self.encode([0, 0, 0]).scale == 0)
        #expect(Self.encode([1e-42, -1e-44]).codes.allSatisfy { $0 == Int8Codes.zeroCode })
        let (codes, _) = Self.encode([1, -1, 0.5])
        #expect(codes.count == 64)
        #expect(codes.dropFirst(3).allSatisfy { $0 == Int8Codes.zeroCode })
        #expect(abs(Int(codes[0]) - 128) >= 126 && Int(codes[0]) + Int(codes[1]) == 256)
    }

    @Test func normalizationSurvivesExtremes() {
        for size in [Float(1), 1e-30, 1e-44, 1e25, 3e38] {
            let unit = Normalization.normalized([0.75 * size, 0, -size])
            let norm = unit.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(norm - 1) < 1e-5, "\(size)")
        }
        #expect(Normalization.normalized([0, 0]) == [0, 0])
    }
}
