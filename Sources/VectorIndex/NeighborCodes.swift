import CVectorKernels
import RandomNumbers
import VectorMath

/// What a walk needs of each node in one piece of memory: its 8-bit codes, its links on layer 0, and a
/// one-bit code of each of these neighbors, so that the distances of 32 of them are estimated at once
/// without reading their rows.
///
/// SymphonyQG (Gou et al. 2025) with RaBitQ codes (Gao and Long 2024). For a node c, a neighbor w and
/// r = P(w - c), P a random rotation, the code is the sign of each component of r. With
/// S(v) = sum over i of sign(r[i]) v[i] and f = |r|^2 / sum |r[i]|,
///
///     (q - c) (w - c) = P(q - c) r,  estimated as  f (S(Pq) - S(Pc))
///
/// without bias over rotations, with an error of about .75 |q - c| |r| / sqrt(D). So both -q w and
/// |q - w|^2 are the node's own distance, which is computed from its codes, plus
/// slope x S(Pq) + offset, with two numbers a neighbor.
///
/// A node's record, all of it a function of the graph and its rows:
///
///     0            8-bit codes, P bytes (dimensions padded to a multiple of 64)
///     P            float32: scale, squared length; zeros up to 64 bytes
///     P + 64       for each 32 links:
///                    32 x uint32 links, 32 x float32 slopes, 32 x float32 offsets,
///                    4 P bytes of one-bit codes (DistanceKernels.h has their layout)
struct NeighborCodes {
    /// Neighbors that are estimated at once.
    static let lanes = 32

    let layout: Layout
    let base: UnsafeRawPointer

    struct Layout: Equatable {
        /// Components of a rotated vector, and bytes of a row.
        let paddedDimensions: Int
        /// Groups of `lanes` links.
        let groups: Int

        init(_ parameters: IndexParameters) {
            paddedDimensions = Int8Codes.paddedCount(parameters.dimensions)
            groups = (2 * parameters.m + lanes - 1) / lanes
        }

        var factors: Int { paddedDimensions }
        var firstGroup: Int { paddedDimensions + 64 }
        var groupBytes: Int { 3 * lanes * 4 + 4 * paddedDimensions }
        /// Bytes of a record, a multiple of 64.
        var stride: Int { firstGroup + groups * groupBytes }
    }

    @inline(__always)
    func record(_ node: UInt32) -> UnsafeRawPointer { base + Int(node) * layout.stride }

    @inline(__always)
    func prefetch(_ node: UInt32) { vk_prefetch_later(record(node), layout.stride) }

    /// Whether graphs with these parameters can have them.
    static func areAllowed(_ parameters: IndexParameters) -> Bool {
        parameters.quantization == .int8
    }

    /// The signs of the rotation, part of the format.
    static func rotationSigns(_ paddedDimensions: Int) -> AlignedArray<Float> {
        var generator = SeededGenerator(seed: 0x6e65_6967_6862_6f72)
        let count = Int(VK_ROTATION_ROUNDS) * paddedDimensions
        let signs = AlignedArray<Float>(repeating: 1, count: count)
        for i in 0..<count where generator.next() >> 63 == 1 { signs[i] = -1 }
        return signs
    }
}
