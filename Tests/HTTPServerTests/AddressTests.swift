import HTTPServer
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:7373", true), ("localhost:0", true), ("[::1]:80", true), ("127.9.9.9:1", true),
        ("0.0.0.0:80", false), ("[::]:80", false), ("127.0.0.1.example:80", false),
        ("10.0.0.1:80", false),
    ])
    func loopback(_ text: String, _ isLoopback: Bool) throws {
        let address = try #require(ServerAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.description == text)
    }

    @Test(arguments: ["", "80", ":80", "host", "host:", "host:70000", "host:-1", "::1:80"])
    func refused(_ text: String) { #expect(ServerAddress(text) == nil) }
}
