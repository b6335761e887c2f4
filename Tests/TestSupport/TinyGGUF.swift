/// A small random language model as a GGUF file: byte-level tokens, one layer, float32 and Q8_0.
package enum TinyGGUF {
    package static func file(seed: UInt64 = 1, layers: UInt32 = 1) -> [UInt8] {
        let width: UInt64 = 32
        var builder = GGUFBuilder()
        builder.add("general.architecture", "llama")
        builder.add("general.name", "tiny")
        for (key, value) in [
            ("embedding_length", 32), ("feed_forward_length", 64), ("block_count", layers),
            ("attention.head_count", 2), ("attention.head_count_kv", 1), ("context_length", 512),
        ] {
            builder.add("llama.\(key)", value)
        }
        builder.add("llama.attention.layer_norm_rms_epsilon", 1e-5 as Float)
        let tokens = alphabet + ["<s>", "</s>"]
        builder.add("tokenizer.ggml.model", "gpt2")
        builder.add("tokenizer.ggml.pre", "gpt-2")
        builder.add("tokenizer.ggml.tokens", tokens)
        builder.add(
            "tokenizer.ggml.token_type", tokens.map { $0.hasSuffix("s>") ? 3 : 1 })
        builder.add("tokenizer.ggml.merges", [] as [String])
        builder.add("tokenizer.ggml.bos_token_id", 256 as UInt32)
        builder.add("tokenizer.ggml.eos_token_id", 257 as UInt32)

        var state = seed
        func random() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) * 0x1p-23 - 1
        }
        func add(_ name: String, _ sizes: [UInt64], scale: Float = 0.4) {
            let count = Int(sizes.reduce(1, *))
            let ones: Float = sizes.count == 1 ? 1 : 0
            builder.addTensor(name, sizes: sizes, (0..<count).map { _ in random() * scale + ones })
        }
        add("token_embd.weight", [width, UInt64(tokens.count)])
        for layer in 0..<layers {
            let prefix = "blk.\(layer)."
            add(prefix + "attn_norm.weight", [width], scale: 0.1)
            add(prefix + "attn_q.weight", [width, 32])
            add(prefix + "attn_k.weight", [width, 16])
            add(prefix + "attn_v.weight", [width, 16])
            add(prefix + "attn_output.weight", [32, width])
            add(prefix + "ffn_norm.weight", [width], scale: 0.1)
            add(prefix + "ffn_gate.weight", [width, 64])
            add(prefix + "ffn_down.weight", [64, width])
            // 64 rows of one block: a scale of 2^-8 and random bytes.
            let blocks = (0..<64).flatMap { _ in
                [0x00, 0x1C] + (0..<32).map { _ in UInt8(bitPattern: Int8(random() * 100)) }
            }
            builder.addTensor(
                prefix + "ffn_up.weight", sizes: [width, 64], type: 8, bytes: blocks)
        }
        add("output_norm.weight", [width], scale: 0.1)
        return builder.file
    }

    /// One character for each byte, as byte-level tokenizers spell them.
    private static let alphabet: [String] = {
        let printable = Array(33...126) + Array(161...172) + Array(174...255)
        var next = 256
        return (0...255).map { byte in
            var value = byte
            if !printable.contains(byte) {
                value = next
                next += 1
            }
            return Unicode.Scalar(UInt32(value)).map { String(Character($0)) } ?? ""
        }
    }()
}
