/// Writes strings as JSON has them.
enum JSONText {
    /// Appends the string in quotes.
    static func append(_ string: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(0x22)
        for byte in string {
            switch byte {
            case 0x22, 0x5C: output += [0x5C, byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                output += Array(
                    "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: output.append(byte)
            }
        }
        output.append(0x22)
    }

    /// The string in quotes.
    static func quoted(_ string: String) -> String {
        var output: [UInt8] = []
        append(string.utf8, to: &output)
        return String(decoding: output, as: UTF8.self)
    }
}
