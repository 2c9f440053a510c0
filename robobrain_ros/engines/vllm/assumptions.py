# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Everything of vLLM's insides that this package calls, derives from, replaces or reads: one table.

``contract.py`` holds it against a vLLM. What differs between versions, and is bridged, is in ``compat.py``.
"""

from dataclasses import dataclass

GPU = ('0.25.', '0.26.')
"""Where the first model runner is chosen, to which the shortcuts of vision_encoder.py belong."""
DECODE = ('0.25.',)
"""Where tokens are made by kernels of our own."""


@dataclass(frozen=True)
class Assumed:
    """One thing of vLLM's.

    :param name: ``module:name``, dotted below the module
    :param used_by: our module, below robobrain_ros/engines/vllm
    :param how: ``called``, ``derived``, ``replaced`` or ``read``
    :param takes: its parameters that we give, by name or in this order
    :param has: its attributes that we use: of the class, or such as its constructors set; with ``:`` and a type behind
        it, the annotation must contain that
    :param versions: beginnings of the versions for which it must hold; empty: all
    """

    name: str
    used_by: str
    how: str
    takes: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


def _named(names: str) -> tuple[str, ...]:
    return tuple(names.split())


MODELS, LAYERS, WORKER = 'vllm.model_executor.models', 'vllm.model_executor.layers', 'vllm.v1.worker'
ATTENTION, FLASH = f'{LAYERS}.attention.attention', 'vllm.v1.attention.backends.flash_attn'
RUNNER, KERNELS, DECIDED = f'{WORKER}.gpu_model_runner', 'worker/kernels', 'worker/decode_layer.py'
TOWER = 'worker/vision_encoder.py'
SERVER, NEW = 'vllm.entrypoints', tuple(f'0.{minor}.' for minor in range(27, 34))
OLD_SERVER = ('openai.api_server', 'openai.api_server', 'openai.cli_args')
NEW_SERVER = ('launchers.app', 'launchers.api_server.app_state', 'launchers.cli_args')

TABLE = (
    # the client
    Assumed(
        'vllm.v1.engine.async_llm:AsyncLLM',
        'compat.py',
        'derived',
        has=_named('renderer errored abort generate get_tokenizer shutdown from_engine_args'),
    ),
    Assumed(
        'vllm.v1.engine.async_llm:AsyncLLM.generate',
        'embedded.py',
        'called',
        takes=_named('prompt sampling_params request_id'),
    ),
    Assumed('vllm.v1.engine.async_llm:AsyncLLM.abort', 'embedded.py', 'called', takes=('request_id',)),
    Assumed('vllm.v1.engine.async_llm:AsyncLLM.generate', 'openai_app.py', 'called', takes=('priority',)),
    Assumed('vllm.v1.engine.async_llm:AsyncLLM.get_supported_tasks', 'openai_app.py', 'called'),
    Assumed('vllm.renderers.base:BaseRenderer.render_cmpl_async', 'compat.py', 'called', takes=('prompts',)),
    Assumed('vllm.v1.engine.exceptions:EngineDeadError', 'compat.py', 'read'),
    Assumed('vllm.v1.engine.exceptions:EngineGenerateError', 'compat.py', 'read'),
    Assumed(
        'vllm.engine.arg_utils:AsyncEngineArgs',
        'launch.py',
        'called',
        takes=_named(
            'model dtype max_model_len max_num_seqs tensor_parallel_size kv_cache_memory_bytes limit_mm_per_prompt '
            'mm_processor_cache_gb structured_outputs_config disable_log_stats use_tqdm_on_load seed enforce_eager '
            'block_size gpu_memory_utilization compilation_config worker_cls quantization quantization_config '
            'additional_config hf_overrides scheduling_policy allowed_media_domains served_model_name'
        ),
    ),
    Assumed(
        'vllm:SamplingParams',
        'sampling.py',
        'called',
        takes=_named(
            'temperature max_tokens stop stop_token_ids include_stop_str_in_output output_kind structured_outputs '
            'logprobs'
        ),
        has=('temperature:float', 'max_tokens:int', 'stop_token_ids:list[int]'),
    ),
    Assumed('vllm:SamplingParams', 'likelihood.py', 'called', takes=_named('temperature max_tokens prompt_logprobs')),
    Assumed('vllm.sampling_params:RequestOutputKind', 'sampling.py', 'read', has=('DELTA',)),
    Assumed('vllm.sampling_params:StructuredOutputsParams', 'sampling.py', 'called', takes=_named('regex json')),
    Assumed('vllm.outputs:RequestOutput', 'embedded.py', 'read', has=('outputs',)),
    Assumed('vllm.outputs:RequestOutput', 'likelihood.py', 'read', has=('prompt_logprobs',)),
    Assumed('vllm.outputs:CompletionOutput', 'embedded.py', 'read', has=('text:str', 'token_ids', 'finish_reason:str')),
    Assumed('vllm.logprobs:Logprob', 'sampling.py', 'read', has=('logprob:float',)),
    Assumed('vllm.multimodal.inputs:PlaceholderRange', 'preparation.py', 'called', takes=_named('offset length')),
    Assumed('vllm.multimodal.inputs:MultiModalFieldElem', 'preparation.py', 'called', takes=('data',)),
    Assumed('vllm.multimodal.inputs:MultiModalKwargsItem', 'preparation.py', 'called'),
    # its server's application
    Assumed('vllm.utils.argparse_utils:FlexibleArgumentParser', 'openai_app.py', 'called'),
    *(
        Assumed(f'{SERVER}.{module}:{name}', 'openai_app.py', 'called', _named(takes), versions=versions)
        for versions, modules in ((GPU, OLD_SERVER), (NEW, NEW_SERVER))
        for module, (name, takes) in zip(
            modules,
            (
                ('build_app', 'args supported_tasks model_config'),
                ('init_app_state', 'engine_client state args supported_tasks'),
                ('make_arg_parser', 'parser'),
            ),
            strict=True,
        )
    ),
    # how it is started
    Assumed(
        'vllm.config:CompilationConfig',
        'cuda_graphs.py',
        'called',
        takes=_named(
            'cudagraph_capture_sizes cudagraph_mm_encoder encoder_cudagraph_token_budgets '
            'encoder_cudagraph_max_vision_items_per_batch'
        ),
        has=('splitting_ops:list[str]', 'cudagraph_capture_sizes:list[int]'),
    ),
    Assumed(
        'vllm.envs:environment_variables',
        'launch.py, ranks.py, caches.py, cuda_graphs.py, ../processes.py',
        'read',
        has=_named(
            'VLLM_NO_USAGE_STATS VLLM_LOGGING_LEVEL VLLM_WORKER_MULTIPROC_METHOD VLLM_ENABLE_V1_MULTIPROCESSING '
            'VLLM_HOST_IP VLLM_WORKER_SHUTDOWN_TIMEOUT_SECONDS VLLM_CPU_OMP_THREADS_BIND VLLM_CACHE_ROOT '
            'VLLM_RPC_BASE_PATH VLLM_PLUGINS VLLM_BATCH_INVARIANT VLLM_USE_V2_MODEL_RUNNER'
        ),
    ),
    Assumed('vllm.distributed.parallel_state:get_world_group', 'ranks.py', 'called'),
    Assumed('vllm.distributed.parallel_state:GroupCoordinator', 'ranks.py', 'read', has=('cpu_group',)),
    # the plugin and its model
    Assumed('vllm:ModelRegistry', 'plugin.py', 'called', has=_named('register_model get_supported_archs')),
    Assumed('vllm.plugins:load_general_plugins', 'plugin.py', 'read'),
    Assumed(
        'vllm.model_executor.models.registry:_ModelRegistry.register_model',
        'plugin.py',
        'called',
        takes=_named('model_arch model_cls'),
    ),
    Assumed(f'{MODELS}.registry:_ModelRegistry.get_supported_archs', 'plugin.py', 'called'),
    Assumed(
        f'{MODELS}.qwen3_vl:Qwen3VLForConditionalGeneration',
        'worker/decoding_model.py',
        'derived',
        takes=_named('vllm_config prefix'),
        has=_named('language_model visual'),
    ),
    Assumed(f'{MODELS}.qwen3:Qwen3DecoderLayer', 'worker/decoding_model.py', 'replaced', versions=DECODE),
    Assumed(
        f'{MODELS}.qwen3:Qwen3DecoderLayer',
        DECIDED,
        'derived',
        has=_named('self_attn mlp input_layernorm post_attention_layernorm'),
    ),
    Assumed(
        f'{MODELS}.qwen3:Qwen3DecoderLayer.forward',
        DECIDED,
        'derived',
        takes=_named('positions hidden_states residual'),
    ),
    Assumed(
        f'{MODELS}.qwen3:Qwen3Attention',
        DECIDED,
        'read',
        has=_named('qkv_proj o_proj q_norm k_norm num_heads num_kv_heads head_dim q_size scaling attn rotary_emb'),
    ),
    Assumed(f'{MODELS}.qwen3:Qwen3MLP', DECIDED, 'read', has=_named('gate_up_proj down_proj')),
    Assumed(
        f'{LAYERS}.linear:RowParallelLinear',
        DECIDED,
        'read',
        has=_named('quant_method bias output_size_per_partition input_size_per_partition'),
        versions=DECODE,
    ),
    Assumed(f'{LAYERS}.linear:LinearBase', DECIDED, 'read'),
    Assumed(f'{LAYERS}.linear:UnquantizedLinearMethod.apply', DECIDED, 'replaced', takes=_named('layer x bias')),
    Assumed(
        f'{LAYERS}.vocab_parallel_embedding:UnquantizedEmbeddingMethod.apply',
        DECIDED,
        'replaced',
        takes=_named('layer x bias'),
    ),
    Assumed(
        f'{LAYERS}.quantization.online.fp8:Fp8PerTensorOnlineLinearMethod',
        DECIDED,
        'read',
        has=('use_marlin',),
        versions=DECODE,
    ),
    Assumed(
        f'{LAYERS}.rotary_embedding.mrope:MRotaryEmbedding',
        DECIDED,
        'read',
        has=_named('mrope_interleaved mrope_section is_neox_style rotary_dim cos_sin_cache'),
    ),
    Assumed(f'{LAYERS}.layernorm:RMSNorm', DECIDED, 'read', has=_named('weight variance_epsilon')),
    Assumed(
        f'{ATTENTION}:Attention', DECIDED, 'read', has=_named('impl kv_cache_torch_dtype sliding_window layer_name')
    ),
    Assumed(f'{FLASH}:FlashAttentionImpl', DECIDED, 'read'),
    # kernels
    Assumed(f'{ATTENTION}:get_attention_context', KERNELS, 'called', takes=('layer_name',)),
    Assumed(f'{ATTENTION}:unified_kv_cache_update', KERNELS, 'called', takes=_named('key value layer_name')),
    Assumed(
        f'{ATTENTION}:unified_attention_with_output',
        KERNELS,
        'called',
        takes=_named('query key value output layer_name'),
    ),
    Assumed(
        f'{FLASH}:FlashAttentionMetadata',
        KERNELS,
        'read',
        has=('num_actual_tokens:int', 'use_cascade:bool', 'block_table:Tensor', 'seq_lens:Tensor'),
        versions=DECODE,
    ),
    Assumed('vllm._custom_ops:scaled_fp8_quant', KERNELS, 'called', takes=_named('input use_per_token_if_dynamic')),
    Assumed('vllm._custom_ops:cutlass_scaled_mm', KERNELS, 'called', takes=_named('a b scale_a scale_b out_dtype')),
    # the worker
    Assumed(
        f'{WORKER}.gpu_worker:Worker',
        'worker/gpu_worker.py',
        'derived',
        takes=('distributed_init_method',),
        has=_named('init_device load_model compile_or_warm_up_model get_model rank vllm_config model_runner'),
    ),
    Assumed(
        'vllm.config:VllmConfig', 'worker/gpu_worker.py', 'read', has=_named('additional_config compilation_config')
    ),
    Assumed('vllm.config:ModelConfig', TOWER, 'read', has=_named('hf_config model dtype')),
    Assumed(
        f'{RUNNER}:GPUModelRunner',
        TOWER,
        'replaced',
        has=_named('_update_states _execute_mm_encoder _init_mrope_positions get_model model_config device'),
        versions=GPU,
    ),
    Assumed(f'{RUNNER}:GPUModelRunner._update_states', TOWER, 'replaced', ('scheduler_output',), versions=GPU),
    Assumed(f'{RUNNER}:GPUModelRunner._execute_mm_encoder', TOWER, 'replaced', ('scheduler_output',), versions=GPU),
    Assumed(f'{RUNNER}:GPUModelRunner._init_mrope_positions', TOWER, 'replaced', ('req_state',), versions=GPU),
    Assumed(f'{RUNNER}:group_and_batch_mm_kwargs', TOWER, 'replaced', versions=GPU),
    Assumed('vllm.v1.core.sched.output:SchedulerOutput', TOWER, 'read', has=('scheduled_encoder_inputs:dict',)),
    Assumed(
        f'{MODELS}.qwen3_vl:Qwen3_VisionTransformer.prepare_encoder_metadata',
        TOWER,
        'replaced',
        takes=('grid_thw_list',),
    ),
)
