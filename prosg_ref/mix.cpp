// Token shift of RWKV-4: every token mixed with the one before it, in one pass for all that one LayerNorm's output feeds.
//
// Letters: B batch, T time, C channels, M mixes. float32 and contiguous; x is (B, T, C), the token before the first one
// (B, C), the shares of the present token (M, C).
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <array>
#include <cstdint>
#include <vector>

namespace {

constexpr int MOST = 3;  // mixes

template <int M>
void mix(const float* x, const float* before, const float* shares, const std::array<float*, MOST>& out, int64_t T, int64_t C) {
  for (int64_t t = 0; t < T; ++t, x += C) {
    const float* last = t ? x - C : before;
#pragma omp simd
    for (int64_t c = 0; c < C; ++c) {
      const float step = x[c] - last[c];
      for (int m = 0; m < M; ++m) out[m][t * C + c] = last[c] + shares[m * C + c] * step;
    }
  }
}

// gx (T, C), gb (C) and gs (M, C) from the gradients of the mixes; gs is added to.
template <int M>
void mix_back(const float* x, const float* before, const float* shares, const std::array<const float*, MOST>& grads, float* gx,
              float* gb, float* gs, int64_t T, int64_t C) {
  for (int64_t t = 0; t < T; ++t, x += C, gx += C) {
    const float* last = t ? x - C : before;
    float* glast = t ? gx - C : gb;
#pragma omp simd
    for (int64_t c = 0; c < C; ++c) {
      const float step = x[c] - last[c];
      float now = 0, old = 0;
      for (int m = 0; m < M; ++m) {
        const float g = grads[m][t * C + c], part = g * shares[m * C + c];
        now += part;
        old += g - part;
        gs[m * C + c] += g * step;
      }
      gx[c] = now;
      glast[c] = t ? glast[c] + old : old;
    }
  }
}

int64_t grain(int64_t T, int64_t C) { return std::max<int64_t>(1, 32768 / (T * C)); }

std::vector<at::Tensor> forward(const at::Tensor& x, const at::Tensor& before, const at::Tensor& shares) {
  const int64_t B = x.size(0), T = x.size(1), C = x.size(2), M = shares.size(0);
  TORCH_CHECK(M == 2 || M == MOST, "2 or 3 mixes, not ", M);
  std::vector<at::Tensor> outs;
  std::array<float*, MOST> all{};
  for (int64_t m = 0; m < M; ++m) {
    outs.push_back(at::empty_like(x));
    all[m] = outs.back().mutable_data_ptr<float>();
  }
  const float *X = x.const_data_ptr<float>(), *P = before.const_data_ptr<float>(), *S = shares.const_data_ptr<float>();
  at::parallel_for(0, B, grain(T, C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      std::array<float*, MOST> mine{};
      for (int64_t m = 0; m < M; ++m) mine[m] = all[m] + row * T * C;
      (M == 2 ? mix<2> : mix<3>)(X + row * T * C, P + row * C, S, mine, T, C);
    }
  });
  return outs;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& x, const at::Tensor& before, const at::Tensor& shares,
                                                        at::TensorList grads) {
  const int64_t B = x.size(0), T = x.size(1), C = x.size(2), M = shares.size(0);
  at::Tensor gx = at::empty_like(x), gb = at::empty_like(before), gs = at::zeros({B, M, C}, x.options());
  const float *X = x.const_data_ptr<float>(), *P = before.const_data_ptr<float>(), *S = shares.const_data_ptr<float>();
  float *GX = gx.mutable_data_ptr<float>(), *GB = gb.mutable_data_ptr<float>(), *GS = gs.mutable_data_ptr<float>();
  at::parallel_for(0, B, grain(T, C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      std::array<const float*, MOST> mine{};
      for (int64_t m = 0; m < M; ++m) mine[m] = grads[m].const_data_ptr<float>() + row * T * C;
      (M == 2 ? mix_back<2> : mix_back<3>)(X + row * T * C, P + row * C, S, mine, GX + row * T * C, GB + row * C,
                                           GS + row * M * C, T, C);
    }
  });
  return {gx, gb, gs};
}

}  // namespace

TORCH_LIBRARY(prosg_mix, m) {
  m.def("forward(Tensor x, Tensor before, Tensor shares) -> Tensor[]");
  m.def("backward(Tensor x, Tensor before, Tensor shares, Tensor[] grads) -> (Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(prosg_mix, CPU, m) {
  m.impl("forward", &forward);
  m.impl("backward", &backward);
}
