import Foundation
import JSON
import Testing
import TextBytes

/// Foundation's coders are the reference: each reads what the other writes.
@Suite struct CodableTests {
    private enum Color: String, Codable, Equatable { case red, green }

    private enum Shape: Codable, Equatable { case circle(radius: Double), none }

    private struct Sample: Codable, Equatable {
        var flag = true
        var integer = -5
        var byte: UInt8 = 255
        var seed: UInt64 = .max
        var double = 2e-5
        var whole = 3.0
        var float: Float = 0.1
        var text = "a\"\n\u{0}é"
        var missing: Int?
        var color = Color.green
        var shapes: [Shape] = [.circle(radius: 1.5), .none]
        var list: [[Int?]] = [[1, nil], []]
        var table = ["x": 1.25, "y": -1]
        var numbered = [1: "a"]
        var date = Date(timeIntervalSinceReferenceDate: 7.5)
        var nested: [Sample] = []
    }

    private var samples: [Sample] {
        var outer = Sample()
        outer.missing = 9
        outer.nested = [Sample(), Sample()]
        return [Sample(), outer]
    }

    @Test func roundTrip() throws {
        for sample in samples {
            let value = try JSONValue(encoding: sample)
            #expect(try value.decoded(as: Sample.self) == sample)
            let again = try JSONValue(parsing: value.indentedText)
            #expect(try again.decoded(as: Sample.self) == sample)
        }
    }

    @Test func foundationReadsWhatIsEncoded() throws {
        for sample in samples {
            let data = Data(try JSONValue(encoding: sample).jsonText.utf8)
            #expect(try JSONDecoder().decode(Sample.self, from: data) == sample)
        }
    }

    @Test func whatFoundationEncodesIsRead() throws {
        for sample in samples {
            let value = try JSONValue(parsing: try JSONEncoder().encode(sample))
            #expect(try value.decoded(as: Sample.self) == sample)
        }
    }

    @Test(arguments: [
        (#"{"a":1.5}"#, "typeMismatch"), (#"{"a":"x"}"#, "typeMismatch"), ("{}", "keyNotFound"),
        (#"{"a":null}"#, "valueNotFound"), (#"{"a":99999999999999999999}"#, "typeMismatch"),
        ("[]", "typeMismatch"),
    ])
    func mismatches(_ text: String, _ kind: String) throws {
        struct One: Decodable { let a: Int }
        let value = try JSONValue(parsing: text)
        do {
            _ = try value.decoded(as: One.self)
            Issue.record("decoded")
        } catch let error as DecodingError {
            #expect("\(error)".contains(kind))
        }
    }

    @Test func numbersThatJSONLacks() {
        #expect(throws: EncodingError.self) { try JSONValue(encoding: ["x": Double.infinity]) }
        #expect(throws: EncodingError.self) { try JSONValue(encoding: [Float.nan]) }
    }

    @Test func dictionariesByIdentifierKeepEveryKey() throws {
        let grades: [Identifier: Int] = ["caf\u{E9}": 1, "cafe\u{301}": 2]
        let value = try JSONValue(encoding: grades)
        #expect(value.objectValue?.count == 2)
        #expect(try value.decoded(as: [Identifier: Int].self) == grades)
        #expect(try JSONValue(encoding: [Identifier("a")]) == .array([.string("a")]))
    }
}
