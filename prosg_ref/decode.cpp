// RWKV-4 on the CPU for one token of each of N texts: the whole model in one call, and the product it is made of.
//
// Letters: N rows, L layers, D channels, F = 4 D, V vocabulary. Vectors, state and activations are float32; matrices are
// float32, float16 or bfloat16. A change of a matrix W of row n is a[n] (r, d_in), b[n] (r, d_out): W + b[n]ᵀ a[n].
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <torch/library.h>

#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include "product.h"
#include "wkv/step.h"

namespace {

// Walks over the tensors of a model in the order in which its modules hold them, and checks each before it is used.
class Weights {
 public:
  Weights(at::TensorList tensors, at::TensorList a, at::TensorList b, at::IntArrayRef changed)
      : tensors_(tensors), a_(a), b_(b), changed_(changed), change_of_(tensors.size(), -1) {
    TORCH_CHECK(a.size() == changed.size() && b.size() == changed.size(), "every change needs its place and two factors");
    for (size_t i = 0; i < changed.size(); ++i) change_of_.at(changed[i]) = static_cast<int64_t>(i);
  }

  const float* vector(int64_t size) {
    const at::Tensor& x = take();
    TORCH_CHECK(x.scalar_type() == at::kFloat && x.numel() == size && x.is_contiguous(), "weight ", at_ - 1, ": not a vector of ", size, " float32");
    return x.const_data_ptr<float>();
  }

  // x (N, D): rows of the next matrix (V, D).
  void embed(const at::Tensor& tokens, int64_t D, float* x) {
    const at::Tensor& w = matrix(0, D);
    const at::Tensor rows = w.index_select(0, tokens).to(at::kFloat);
    std::memcpy(x, rows.const_data_ptr<float>(), rows.nbytes());
  }

  // y (N, O) = x (N, I) Wᵀ with the next matrix, and its change where it has one.
  void multiply(const float* x, int64_t N, int64_t O, int64_t I, float* y) {
    const at::Tensor& w = matrix(O, I);
    product(x, N, w, y);
    const int64_t change = change_of_[at_ - 1];
    if (change >= 0) add(a_[change], b_[change], x, N, O, I, y);
  }

  void finish() const { TORCH_CHECK(at_ == tensors_.size(), "the model has ", at_, " tensors, not ", tensors_.size()); }

 private:
  const at::Tensor& take() {
    TORCH_CHECK(at_ < tensors_.size(), "the model has more than ", tensors_.size(), " tensors");
    return tensors_[at_++];
  }

  // O = 0: any number of rows.
  const at::Tensor& matrix(int64_t O, int64_t I) {
    const at::Tensor& w = take();
    TORCH_CHECK(w.dim() == 2 && (w.size(0) == O || O == 0) && w.size(1) == I && w.is_contiguous(), "weight ", at_ - 1, ": not a matrix of ", O, " x ", I);
    return w;
  }

  static void add(const at::Tensor& a, const at::Tensor& b, const float* x, int64_t N, int64_t O, int64_t I, float* y) {
    TORCH_CHECK(a.dim() == 3 && b.dim() == 3 && a.size(0) == N && b.size(0) == N && a.size(1) == b.size(1) && a.size(2) == I &&
                    b.size(2) == O && a.stride(2) == 1 && b.stride(2) == 1 && a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat,
                "a change must be float32 factors (", N, ", r, ", I, ") and (", N, ", r, ", O, ")");
    const float *A = a.const_data_ptr<float>(), *B = b.const_data_ptr<float>();
    at::parallel_for(0, N, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, a.size(1) * (I + O))), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n)
        for (int64_t r = 0; r < a.size(1); ++r) {
          const float along = dot(x + n * I, A + n * a.stride(0) + r * a.stride(1), I);
          const float* row = B + n * b.stride(0) + r * b.stride(1);
#pragma omp simd
          for (int64_t o = 0; o < O; ++o) y[n * O + o] += along * row[o];
        }
    });
  }

  at::TensorList tensors_, a_, b_;
  at::IntArrayRef changed_;
  std::vector<int64_t> change_of_;  // by place of the matrix; -1: none
  size_t at_ = 0;
};

inline float sigmoid(float x) {
  const float e = exp_neg(x < 0.0f ? -x : x);
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

void layer_norm(const float* x, const float* scale, const float* offset, float* y, int64_t N, int64_t D) {
  for (int64_t n = 0; n < N; ++n, x += D, y += D) {
    float sum = 0.0f, squares = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t d = 0; d < D; ++d) sum += x[d];
    const float mean = sum / static_cast<float>(D);
#pragma omp simd reduction(+ : squares)
    for (int64_t d = 0; d < D; ++d) squares += (x[d] - mean) * (x[d] - mean);
    const float factor = 1.0f / std::sqrt(squares / static_cast<float>(D) + 1e-5f);
#pragma omp simd
    for (int64_t d = 0; d < D; ++d) y[d] = (x[d] - mean) * factor * scale[d] + offset[d];
  }
}

// Between the token before and this one. `before` has rows `stride` apart.
void mix(const float* x, const float* before, int64_t stride, const float* share, float* y, int64_t N, int64_t D) {
  for (int64_t n = 0; n < N; ++n, x += D, y += D, before += stride)
#pragma omp simd
    for (int64_t d = 0; d < D; ++d) y[d] = before[d] + share[d] * (x[d] - before[d]);
}

void keep(const float* x, float* shift, int64_t stride, int64_t N, int64_t D) {
  for (int64_t n = 0; n < N; ++n) std::memcpy(shift + n * stride, x + n * D, D * sizeof(float));
}

// Tokens (N,), the state, and the tensors of the model from the embedding to the head. Gives logits (N, V) and the new state.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> step(
    const at::Tensor& tokens, const at::Tensor& att_shift, const at::Tensor& sums, const at::Tensor& ffn_shift,
    at::TensorList tensors, at::TensorList a, at::TensorList b, at::IntArrayRef changed) {
  TORCH_CHECK(tokens.dim() == 1 && att_shift.dim() == 3 && !tensors.empty(), "tokens must be (N,), and the state (N, L, D)");
  const int64_t N = tokens.size(0), L = att_shift.size(1), D = att_shift.size(2), F = 4 * D;
  TORCH_CHECK(att_shift.sizes() == at::IntArrayRef({N, L, D}) && ffn_shift.sizes() == att_shift.sizes() &&
                  sums.sizes() == at::IntArrayRef({N, L, 3, D}) && att_shift.scalar_type() == at::kFloat &&
                  sums.scalar_type() == at::kFloat && ffn_shift.scalar_type() == at::kFloat,
              "the state must be (N, L, D), (N, L, 3, D) and (N, L, D) float32");
  const int64_t V = tensors.back().size(0);
  const auto copy = [](const at::Tensor& x) { return x.clone(at::MemoryFormat::Contiguous); };
  at::Tensor new_att = copy(att_shift), new_sums = copy(sums), new_ffn = copy(ffn_shift);
  at::Tensor logits = at::empty({N, V}, sums.options());
  float *att = new_att.mutable_data_ptr<float>(), *state = new_sums.mutable_data_ptr<float>(),
        *ffn = new_ffn.mutable_data_ptr<float>();
  std::vector<float> x_rows(N * D), normed(N * D), mixed(N * D), k(N * F), v(N * D), r(N * D), mean(N * D), decay(D);
  float* x = x_rows.data();
  Weights weights(tensors, a, b, changed);
  weights.embed(tokens, D, x);
  for (int64_t layer = 0; layer < L; ++layer) {
    if (layer == 0) {
      const float* scale = weights.vector(D);
      layer_norm(x, scale, weights.vector(D), x, N, D);
    }
    const float *scale1 = weights.vector(D), *offset1 = weights.vector(D), *scale2 = weights.vector(D), *offset2 = weights.vector(D);

    const float *time_decay = weights.vector(D), *time_first = weights.vector(D), *share_k = weights.vector(D),
                *share_v = weights.vector(D), *share_r = weights.vector(D);
    float* before = att + layer * D;
    layer_norm(x, scale1, offset1, normed.data(), N, D);
    mix(normed.data(), before, L * D, share_k, mixed.data(), N, D);
    weights.multiply(mixed.data(), N, D, D, k.data());
    mix(normed.data(), before, L * D, share_v, mixed.data(), N, D);
    weights.multiply(mixed.data(), N, D, D, v.data());
    mix(normed.data(), before, L * D, share_r, mixed.data(), N, D);
    weights.multiply(mixed.data(), N, D, D, r.data());
    keep(normed.data(), before, L * D, N, D);
    for (int64_t d = 0; d < D; ++d) decay[d] = -std::exp(time_decay[d]);
    for (int64_t n = 0; n < N; ++n) {
      float* s = state + (n * L + layer) * 3 * D;
      wkv_step(D, k.data() + n * D, v.data() + n * D, decay.data(), time_first, s, s + D, s + 2 * D, mean.data() + n * D);
    }
#pragma omp simd
    for (int64_t i = 0; i < N * D; ++i) mixed[i] = sigmoid(r[i]) * mean[i];
    weights.multiply(mixed.data(), N, D, D, v.data());
#pragma omp simd
    for (int64_t i = 0; i < N * D; ++i) x[i] += v[i];

    share_k = weights.vector(D), share_r = weights.vector(D);
    before = ffn + layer * D;
    layer_norm(x, scale2, offset2, normed.data(), N, D);
    mix(normed.data(), before, L * D, share_k, mixed.data(), N, D);
    weights.multiply(mixed.data(), N, F, D, k.data());
#pragma omp simd
    for (int64_t i = 0; i < N * F; ++i) k[i] = k[i] > 0.0f ? k[i] * k[i] : 0.0f;
    mix(normed.data(), before, L * D, share_r, mixed.data(), N, D);
    weights.multiply(mixed.data(), N, D, D, r.data());
    keep(normed.data(), before, L * D, N, D);
    weights.multiply(k.data(), N, D, F, v.data());
#pragma omp simd
    for (int64_t i = 0; i < N * D; ++i) x[i] += sigmoid(r[i]) * v[i];
  }
  const float* scale = weights.vector(D);
  layer_norm(x, scale, weights.vector(D), normed.data(), N, D);
  weights.multiply(normed.data(), N, V, D, logits.mutable_data_ptr<float>());
  weights.finish();
  return {logits, new_att, new_sums, new_ffn};
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& w) {
  TORCH_CHECK(x.dim() == 2 && w.dim() == 2 && x.size(1) == w.size(1) && x.scalar_type() == at::kFloat && x.is_contiguous() && w.is_contiguous(),
              "x must be (N, I) float32 and W (O, I), both contiguous");
  at::Tensor y = at::empty({x.size(0), w.size(0)}, x.options());
  product(x.const_data_ptr<float>(), x.size(0), w, y.mutable_data_ptr<float>());
  return y;
}

}  // namespace

TORCH_LIBRARY(prosg_decode, m) {
  m.def("linear(Tensor x, Tensor w) -> Tensor");
  m.def(
      "step(Tensor tokens, Tensor att_shift, Tensor wkv, Tensor ffn_shift, Tensor[] weights, Tensor[] a, Tensor[] b, int[] changed)"
      " -> (Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(prosg_decode, CPU, m) {
  m.impl("linear", &linear);
  m.impl("step", &step);
}
