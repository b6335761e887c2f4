import Foundation
import Transformer

/// An estimate of the memory that a micro-batch takes, in order to warn before the system ends the
/// process.
///
/// Kept between the passes, for each token and layer: queries and attention's result (Q each), keys
/// and values, the two residual sums (H each), gate and up (I each); in addition one layer's
/// gradients in float32. If layers are recomputed, one sum a layer and one layer's values.
struct MemoryNeed {
    let configuration: ModelConfiguration
    let recomputesLayers: Bool
    /// Bytes of a kept value: 2 in bfloat16, else 4.
    let bytesPerValue: Int

    /// A micro-batch by what its tokens keep.
    struct Load {
        /// All that go through encoder and decoder together.
        var tokens = 0
        /// Those that the backward pass goes through.
        var recorded = 0
        /// Those of which keys and values alone are kept.
        var constant = 0

        static func + (one: Load, other: Load) -> Load {
            Load(
                tokens: one.tokens + other.tokens, recorded: one.recorded + other.recorded,
                constant: one.constant + other.constant)
        }
    }

    func bytes(_ load: Load) -> Int {
        let (h, i) = (configuration.hiddenSize, configuration.intermediateSize)
        let layer = 2 * (configuration.queryWidth + configuration.keyValueWidth + h + i)
        let layers = configuration.layerCount
        let kept = recomputesLayers ? layers * h + layer : layers * layer
        return load.recorded * (bytesPerValue * kept + 4 * 3 * (h + i))
            + load.constant * bytesPerValue * layers * 2 * configuration.keyValueWidth
    }

    /// Bytes that the system can still allocate: `MemAvailable`, or less if the control group
    /// allows less. Nil if neither can be read.
    static func availableBytes() -> Int? {
        func number(_ path: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        var least: Int?
        let information = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        for line in information.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            least = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map {
                $0 << 10
            }
        }
        let group = "/sys/fs/cgroup/memory."
        if let limit = number(group + "max"), let used = number(group + "current") {
            least = min(least ?? .max, max(0, limit - used))
        }
        return least
    }
}
