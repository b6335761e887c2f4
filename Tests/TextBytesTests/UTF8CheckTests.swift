import TestSupport
import Testing
import TextBytes

@Suite struct UTF8CheckTests {
    private func firstInvalid(_ bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { UTF8Check.firstInvalidByte(in: $0) }
    }

    @Test func agreesWithTheStandardLibraryOnRandomBytes() {
        var generator = RandomSource.forTest()
        let samples: [[UInt8]] = (0..<20_000).map { _ in
            let length = Int.random(in: 0...12, using: &generator)
            return (0..<length).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator)
                    : [0xE2, 0x80, 0x9D, 0xF0, 0x9F, 0xED, 0xA0, 0x41].randomElement(
                        using: &generator)!
            }
        }
        for bytes in samples {
            let valid = String(validating: bytes, as: UTF8.self) != nil
            #expect((firstInvalid(bytes) == nil) == valid, "\(bytes)")
        }
    }

    @Test func namesTheFirstByte() {
        #expect(firstInvalid(Array("naïve".utf8)) == nil)
        #expect(firstInvalid(Array("0123456789".utf8) + [0xFF]) == 10)
        #expect(firstInvalid([0x41, 0xE2, 0x82]) == 1)
    }
}
