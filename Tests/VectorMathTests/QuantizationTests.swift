import Testing
import VectorMath

@Suite struct QuantizationTests {
    @Test func codesAreWithinHalfAScale() {
        let vector: [Float] = (0..<100).map { Float(($0 * 7919) % 200 - 100) / 37 }
        let (codes, scale) = Quantization.encodeReference(vector)
        for (component, code) in zip(vector, codes) {
            #expect(abs(Float(Int(code) - 128) * scale - component) <= scale * 0.5001)
        }
    }
}
