import DefaultModel
import Foundation
import Testing

/// The source of the embedded files.
private let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/CDefaultModel/model").standardizedFileURL

@Suite struct EmbeddedFilesTests {
    @Test("what is embedded is what lies in the folder", arguments: DefaultModel.File.allCases)
    func sameBytes(file: DefaultModel.File) throws {
        let place = folder.appending(path: file.rawValue)
        let isThere = FileManager.default.fileExists(atPath: place.path)
        let onDisk = isThere ? try Data(contentsOf: place) : Data()
        #expect(Data(file.bytes) == onDisk, "\(file.rawValue): build again after an export")
        #expect(isThere || file == .adapterConfiguration || file == .adapterWeights)
    }

    @Test("files start at a page, the numbers at 64 bytes")
    func aligned() throws {
        for file in DefaultModel.File.allCases {
            let address = try #require(file.bytes.baseAddress)
            #expect(UInt(bitPattern: address) % 4096 == 0)
        }
        for file in DefaultModel.File.carried where file.rawValue.hasSuffix(".safetensors") {
            let header = file.bytes.loadUnaligned(as: UInt64.self)
            #expect((8 + header.littleEndian) % 64 == 0)
        }
    }

    @Test("small enough to ship")
    func size() {
        let weights: [DefaultModel.File] = [.weights, .adapterWeights]
        #expect(weights.reduce(0) { $0 + $1.bytes.count } <= 32_000_000)
    }
}
