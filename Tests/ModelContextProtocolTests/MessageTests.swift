import JSON
import ModelContextProtocol
import Testing

/// Which values are messages, and who is told about those that are not.
struct MessageTests {
    @Test func kinds() throws {
        guard case .request(let request) = try Message(["jsonrpc": "2.0", "id": 1, "method": "m"])
        else { return #expect(Bool(false), "not a request") }
        #expect(request.method == "m" && request.parameters.isEmpty)
        guard
            case .notification("m", let parameters) = try Message(
                ["jsonrpc": "2.0", "method": "m", "params": ["a": 1]])
        else { return #expect(Bool(false), "not a notification") }
        #expect(parameters == ["a": 1])
        for answer: JSONValue in [
            ["jsonrpc": "2.0", "id": 1, "result": [:]],
            ["jsonrpc": "2.0", "id": .null, "error": ["code": 1, "message": "x"]],
        ] {
            guard case .response = try Message(answer) else {
                return #expect(Bool(false), "not a response")
            }
        }
    }

    @Test(
        arguments: [
            (3, -32600, nil), ("x", -32600, nil), (.null, -32600, nil), ([:], -32600, nil),
            (["jsonrpc": "1.0", "id": 1, "method": "m"], -32600, 1),
            (["id": "a", "method": "m"], -32600, "a"),
            (["jsonrpc": "2.0", "id": 1], -32600, 1),
            (["jsonrpc": "2.0", "id": 1, "method": 3], -32600, 1),
            (["jsonrpc": "2.0", "id": .null, "method": "m"], -32600, nil),
            (["jsonrpc": "2.0", "id": true, "method": "m"], -32600, nil),
            (["jsonrpc": "2.0", "id": [1], "method": "m"], -32600, nil),
            (["jsonrpc": "2.0", "id": 1, "method": "m", "params": [1]], -32602, 1),
            (["jsonrpc": "2.0", "id": 1, "method": "m", "params": .null], -32602, 1),
        ] as [(JSONValue, Int, JSONValue?)])
    func invalid(value: JSONValue, code: Int, id: JSONValue?) {
        do {
            _ = try Message(value)
            Issue.record("accepted: \(value)")
        } catch {
            #expect(error.error.code.rawValue == code)
            #expect(error.id == id.flatMap { RequestIdentifier($0) })
        }
    }

    @Test func identifiersAreComparedByBytes() {
        #expect(RequestIdentifier("é") != RequestIdentifier("e\u{301}"))
        #expect(RequestIdentifier(1) != RequestIdentifier("1"))
        #expect(RequestIdentifier(.null) == nil)
    }
}
